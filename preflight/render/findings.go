package render

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/remedy"
	"github.com/gke-preflight/gke-preflight/preflight/version"
)

func severitySign(s preflight.Severity) (sign, string) {
	switch s {
	case preflight.Blocker:
		return sign{"✗ ", red}, "BLOCKER"
	case preflight.Warning:
		return sign{"! ", yellow}, "WARNING"
	case preflight.Info:
	}
	return sign{"- ", bold}, "INFO"
}

// findings says what to do now: the stories, grouped by the check of their
// worst finding, blockers first.
func (v *view) findings() error {
	groups := findingGroups(v.r, v.Quiet)
	words, begin := v.begin(len(groups))
	if len(groups) == 0 && begin == "" {
		return nil
	}
	v.heading("What to do now")
	if begin != "" {
		v.text(2, words)
		v.command(4, begin)
	}
	for _, g := range groups {
		v.group(g)
	}
	return nil
}

// findingGroups are the stories of what is not waived, by the check and severity
// of their worst finding.
func findingGroups(r preflight.Report, quiet bool) [][]story {
	var open []preflight.Finding
	for _, f := range r.Findings {
		if !f.Waived {
			open = append(open, f)
		}
	}
	groups := grouped(stories(open), func(s story) string { return s.lead.Check + s.lead.Severity.String() })
	if quiet {
		groups = slices.DeleteFunc(groups, func(g []story) bool { return g[0].lead.Severity != preflight.Blocker })
	}
	return groups
}

// begin is how to begin the upgrade where nothing stands in its way: empty where
// something does, or where it is not known how.
func (v *view) begin(groups int) (words, command string) {
	command = v.upgradeCommand()
	switch {
	case command == "":
		return "", ""
	case groups == 0:
		return v.free() + ". To begin it:", command
	}
	return v.free() + ". Weigh the warnings below, then begin it:", command
}

// upgradeCommand begins the upgrade of a GKE cluster that is ready for it; empty for
// any other, where another program begins it, and where the control plane keeps its
// version, as when nodes alone are upgraded.
func (v *view) upgradeCommand() string {
	c := v.r.Cluster
	if v.Quiet || v.Begun || keepsVersion(v.r) || v.r.Verdict != preflight.Ready || c.Project == "" || c.Location == "" || c.Name == "" || v.r.TargetVersion == "" {
		return ""
	}
	return fmt.Sprintf("gcloud container clusters upgrade %s --master --cluster-version %s --project %s --location %s", c.Name, v.r.TargetVersion, c.Project, c.Location)
}

// keepsVersion reports whether the target is what runs, as far as both say it.
func keepsVersion(r preflight.Report) bool {
	runs, err := version.Parse(r.Cluster.Version)
	target, failed := version.Parse(r.TargetVersion)
	return err == nil && failed == nil && !version.Older(runs, target) && !version.Older(target, runs)
}

func (v *view) group(g []story) {
	lead := g[0].lead
	s, word := severitySign(lead.Severity)
	title := s.style.of(word) + " " + bold.of(lead.Check+": "+v.title(lead.Check))
	if len(g) > 1 {
		title += fmt.Sprintf(" (%d)", len(g))
	}
	v.blank()
	v.item(0, v.sign(s), title)
	shown := g
	if !v.Wide && len(g) > maxShown {
		shown = g[:maxShown]
	}
	shared, label := v.sharedRemedy(g)
	for _, st := range shown {
		v.item(2, "- ", named(st.lead))
		v.evidence(st.lead, len(g))
		for _, note := range relabelled(st.lead) {
			v.label(4, "Note", note)
		}
		for _, f := range st.rest {
			v.label(4, relation(st.lead, f), noted(consequence(st.lead, f), f))
		}
		if shared == nil {
			v.remedy("Do", st.lead.ToDo())
		}
		for _, f := range st.rest {
			if f.Remedy != st.lead.Remedy {
				v.remedy("Do", f.ToDo())
			}
		}
	}
	if n := len(g) - len(shown); n > 0 {
		v.item(2, "- ", fmt.Sprintf("and %d more, see -o json", n))
	}
	v.remedy(label, shared)
	v.label(4, "More", explain(shown))
}

func (v *view) title(check string) string {
	for _, c := range v.r.Checks {
		if c.ID == check {
			return c.Title
		}
	}
	return check
}

// named is the summary, after the subject unless the summary names it.
func named(f preflight.Finding) string {
	if strings.Contains(f.Summary, f.Subject.Name) && strings.Contains(f.Summary, f.Subject.Webhook) {
		return f.Summary
	}
	return f.Subject.String() + ": " + f.Summary
}

// consequence is what f adds to the finding that leads its story: the defect that
// both have is not said again.
func consequence(lead, f preflight.Finding) string {
	own := strings.TrimPrefix(f.Summary, lead.Subject.String()+" ")
	if lead.CausedBy == f.Check {
		return own
	}
	if _, comes, ok := strings.Cut(own, ", so that "); ok {
		return comes
	}
	defect, _, _ := strings.Cut(strings.TrimPrefix(lead.Summary, lead.Subject.String()+" "), ";")
	for _, joint := range []string{" and ", "; "} {
		if comes, ok := strings.CutPrefix(own, defect+joint); ok {
			return comes
		}
	}
	return own
}

// relation says what f is to the finding that leads its story.
func relation(lead, f preflight.Finding) string {
	return related(lead, f) + " (" + f.Check + ")"
}

func related(lead, f preflight.Finding) string {
	if lead.CausedBy == f.Check {
		return "Cause"
	}
	return "Also"
}

// evidence shows the first thing that was seen, and how much more there is.
func (v *view) evidence(f preflight.Finding, inGroup int) {
	shown := f.Evidence
	if !v.Wide {
		if inGroup > 3 {
			return
		}
		shown = shown[:min(1, len(shown))]
	}
	for _, e := range shown {
		v.label(4, "Seen", observed(e))
	}
	if n := len(f.Evidence) - len(shown); n > 0 {
		v.text(6, fmt.Sprintf("(and %d more, see -o wide)", n))
	}
}

func observed(e preflight.Evidence) string {
	var parts []string
	if e.Fact != "" {
		parts = append(parts, e.Fact+e.Path)
	}
	switch value := asStored(e.Value).(type) {
	case nil:
	case float64:
		parts = append(parts, strconv.FormatFloat(value, 'f', -1, 64))
	case string, bool:
		parts = append(parts, fmt.Sprint(value))
	default:
		if e.Note == "" {
			parts = append(parts, short(fmt.Sprint(value)))
		}
	}
	if e.Note != "" {
		parts = append(parts, e.Note)
	}
	return strings.Join(parts, ": ")
}

// asStored is v as it comes back from a stored report, so that it shows alike.
func asStored(v any) any {
	var stored any
	b, err := json.Marshal(v)
	if err != nil || json.Unmarshal(b, &stored) != nil {
		return v
	}
	return stored
}

// sharedRemedy is the remedy for every story of a group of several, with its
// label: the same for all, or, where there are many, the first one's if the
// others differ from it by the subject's name alone. None if there is none.
func (v *view) sharedRemedy(g []story) (steps remedy.Steps, label string) {
	first := g[0].lead
	same, alike := true, true
	for _, s := range g[1:] {
		same = same && s.lead.Remedy == first.Remedy
		alike = alike && strings.ReplaceAll(s.lead.Remedy, s.lead.Subject.Name, first.Subject.Name) == first.Remedy
	}
	switch {
	case len(g) > 1 && same:
		return first.ToDo(), "Do"
	case len(g) > 3 && alike && !v.Wide:
		return first.ToDo(), "Do, for " + first.Subject.Name + " and likewise for the others"
	}
	return nil, ""
}

func explain(shown []story) string {
	var ids []string
	for _, s := range shown {
		for _, f := range append([]preflight.Finding{s.lead}, s.rest...) {
			if !slices.Contains(ids, f.Check) {
				ids = append(ids, f.Check)
			}
		}
	}
	command := "gke-preflight explain " + ids[0]
	if len(ids) > 1 {
		command += ", and so for " + strings.Join(ids[1:], ", ")
	}
	return command
}
