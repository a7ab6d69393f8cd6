package policy

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// A Choice names what a run is about, or is not: a check, a family of them, or the
// objects of one namespace. One of Check and Namespace is set.
type Choice struct {
	// Check is an ID, or the beginning of those of a family, such as GP4.
	Check     string
	Namespace string
	// text is how it was given.
	text string
}

// family is how one is written: GP4, or GP4xx.
var family = regexp.MustCompile(`^(?i)(GP[1-8])(xx)?$`)

// ParseChoice reads a check's ID or name, a family such as GP4, or namespace/NAME.
func ParseChoice(text string, checks []preflight.Check) (Choice, error) {
	if kind, name, ok := strings.Cut(text, "/"); ok && (kind == "namespace" || kind == "ns" || kind == "namespaces") && name != "" {
		return Choice{Namespace: name, text: text}, nil
	}
	if m := family.FindStringSubmatch(text); m != nil {
		c := Choice{Check: strings.ToUpper(m[1]), text: text}
		if !slices.ContainsFunc(checks, func(known preflight.Check) bool { return c.isCheck(known.ID) }) {
			return c, fmt.Errorf("there is no check of the family %s", c.Check)
		}
		return c, nil
	}
	id, err := CheckID(text, checks)
	if err != nil {
		return Choice{}, fmt.Errorf("%w; a family is written GP4, and a namespace namespace/NAME", err)
	}
	return Choice{Check: id, text: text}, nil
}

func (c Choice) isCheck(id string) bool { return c.Check != "" && strings.HasPrefix(id, c.Check) }

func (c Choice) isIn(s preflight.Subject) bool {
	return c.Namespace != "" && (s.Namespace == c.Namespace || s.Kind == "Namespace" && s.Name == c.Namespace)
}

// skipsCheck says what leaves a whole check alone; empty if nothing does.
func (r Rules) skipsCheck(id string) string {
	return r.skips(func(c Choice) (of, met bool) { return c.Check != "", c.isCheck(id) })
}

// skipsSubject likewise, for an object.
func (r Rules) skipsSubject(s preflight.Subject) string {
	return r.skips(func(c Choice) (of, met bool) { return c.Namespace != "", c.isIn(s) })
}

// skips goes through the choices of one sort, which meets tells, and whether it meets
// what is asked about: what --skip meets is skipped, and what none of --only does.
func (r Rules) skips(meets func(Choice) (of, met bool)) string {
	for _, c := range r.Skip {
		if _, met := meets(c); met {
			return "--skip " + c.text
		}
	}
	var others []string
	for _, c := range r.Only {
		switch of, met := meets(c); {
		case met:
			return ""
		case of:
			others = append(others, c.text)
		}
	}
	if others == nil {
		return ""
	}
	return "--only " + strings.Join(others, ",")
}

// skip takes out of a result what is to be left alone, and returns it.
func (a *applying) skip(r *preflight.Result) []preflight.Skipped {
	leave := func(s preflight.Subject, severity preflight.Severity, summary, by string) preflight.Skipped {
		w := a.waiverFor(r.Check.ID, subjectText(s))
		return preflight.Skipped{Check: r.Check.ID, Severity: severity, Subject: s, Summary: summary, By: by, Waived: w.Covers(), Waiver: w}
	}
	if by := a.skipsCheck(r.Check.ID); by != "" {
		r.Findings, r.Open, r.Missing, r.Waiver = nil, nil, nil, nil
		r.Status, r.Reason = preflight.NotApplicable, "skipped by "+by
		return []preflight.Skipped{leave(preflight.Subject{}, r.Check.Severity, "", by)}
	}
	var all []preflight.Skipped
	r.Findings = slices.DeleteFunc(r.Findings, func(f preflight.Finding) bool {
		by := a.skipsSubject(f.Subject)
		if by != "" {
			all = append(all, leave(f.Subject, f.Severity, f.Summary, by))
		}
		return by != ""
	})
	r.Open = slices.DeleteFunc(r.Open, func(f preflight.Finding) bool {
		by := a.skipsSubject(f.Subject)
		if by != "" {
			all = append(all, leave(f.Subject, f.Severity, f.Undecided, by))
		}
		return by != ""
	})
	if all != nil && len(r.Findings) == 0 {
		if r.Findings = nil; len(r.Open) == 0 {
			r.Open, r.Status, r.Reason = nil, preflight.NotApplicable, "skipped by "+all[0].By
		} else {
			r.Status, r.Reason = preflight.Undecided, cmp.Or(r.Reason, r.Open[0].Undecided)
		}
	}
	return all
}

// Unmet says which namespaces are chosen that the cluster does not have, one sentence each;
// none where its namespaces could not be read.
func (r Rules) Unmet(s *facts.Snapshot) (said []string) {
	have, read := facts.Namespaces.Get(s)
	if !read {
		return nil
	}
	for _, flag := range []struct {
		name    string
		choices []Choice
	}{{"--only", r.Only}, {"--skip", r.Skip}} {
		for _, c := range flag.choices {
			if c.Namespace != "" && !slices.ContainsFunc(have, func(n facts.Namespace) bool { return n.Name == c.Namespace }) {
				said = append(said, fmt.Sprintf("%s %s: the cluster has no namespace %s, so that this chooses nothing", flag.name, c.text, c.Namespace))
			}
		}
	}
	return said
}

func subjectText(s preflight.Subject) string {
	if s == (preflight.Subject{}) {
		return ""
	}
	return s.String()
}
