package render

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gke-preflight/gke-preflight/preflight"
)

// gaps says what was not looked at, or not answered, and why.
func (v *view) gaps() error {
	n := count(v.r)
	if n.undecided == 0 && n.absent == 0 && !v.leftAnythingOut() {
		if v.r.Verdict == preflight.Ready {
			v.heading("What was not looked at")
			v.text(2, "Nothing: every check has an answer, and every fact was read.")
		}
		return nil
	}
	if v.r.Verdict == preflight.Inconclusive {
		v.heading("Why there is no answer")
		v.text(2, "Nothing was found that would stop the upgrade, but not everything that could stop it was looked at.")
	} else {
		v.heading("What was not looked at")
	}
	v.open()
	v.undecided()
	v.facts()
	v.notApplicable()
	return nil
}

func (v *view) leftAnythingOut() bool {
	return slices.ContainsFunc(v.r.Checks, func(c preflight.CheckStatus) bool { return c.Status == preflight.NotApplicable })
}

// A question is what checks got no answer to, for one reason.
type question struct {
	checks   []string
	severity preflight.Severity
	subjects []string
	reason   string
}

// open lists the subjects about which checks got no answer, each with all the
// checks that asked, and those that could hide a blocker first.
func (v *view) open() {
	type about struct {
		subject preflight.Subject
		reason  string
	}
	var qs []question
	index := map[about]int{}
	for _, o := range v.r.Open {
		k := about{o.Subject, o.Reason}
		n, ok := index[k]
		if !ok {
			n = len(qs)
			index[k] = n
			qs = append(qs, question{subjects: []string{o.Subject.String()}, reason: o.Reason})
		}
		qs[n].checks = append(qs[n].checks, o.Check)
		qs[n].severity = max(qs[n].severity, o.Severity)
	}
	v.questions(qs)
}

// undecided lists the checks that have no answer as a whole.
func (v *view) undecided() {
	hasOpen := map[string]bool{}
	for _, o := range v.r.Open {
		hasOpen[o.Check] = true
	}
	var qs []question
	for _, c := range v.r.Checks {
		if c.Status == preflight.Undecided && !hasOpen[c.ID] {
			qs = append(qs, question{checks: []string{c.ID}, severity: c.Severity, reason: c.Reason})
		}
	}
	v.questions(qs)
}

// questions writes a line for all questions with the same checks and reason, or
// without a subject and with the same reason, those that could hide a blocker first.
func (v *view) questions(qs []question) {
	var merged []question
	for _, q := range qs {
		n := slices.IndexFunc(merged, func(m question) bool {
			return m.reason == q.reason && m.severity == q.severity && (q.subjects == nil || slices.Equal(m.checks, q.checks))
		})
		if n < 0 {
			merged = append(merged, q)
			continue
		}
		merged[n].subjects = append(merged[n].subjects, q.subjects...)
		if q.subjects == nil {
			merged[n].checks = append(merged[n].checks, q.checks...)
		}
	}
	slices.SortStableFunc(merged, func(a, b question) int { return int(b.severity) - int(a.severity) })
	for _, q := range merged {
		text := strings.Join(q.checks, ", ")
		if q.severity == preflight.Blocker {
			text += yellow.of(" (could hide a blocker)")
		}
		if q.subjects != nil {
			text += ": " + enumerate(q.subjects, v.Wide)
		}
		v.item(2, "? ", text+": "+q.reason)
	}
}

// facts lists what could not be read, by reason.
func (v *view) facts() {
	ids := map[string][]string{}
	var reasons []string
	for _, f := range v.r.Facts {
		if f.Present {
			continue
		}
		if ids[f.Absence] == nil {
			reasons = append(reasons, f.Absence)
		}
		ids[f.Absence] = append(ids[f.Absence], f.ID)
	}
	for _, reason := range reasons {
		v.item(2, "- ", fmt.Sprintf("not read: %s (%s)", strings.Join(ids[reason], ", "), reason))
	}
}

// notApplicable lists the checks whose question does not arise or was left out.
func (v *view) notApplicable() {
	ids := map[string][]string{}
	var reasons []string
	for _, c := range v.r.Checks {
		if c.Status != preflight.NotApplicable {
			continue
		}
		if ids[c.Reason] == nil {
			reasons = append(reasons, c.Reason)
		}
		ids[c.Reason] = append(ids[c.Reason], c.ID)
	}
	for _, reason := range reasons {
		v.item(2, "- ", fmt.Sprintf("not applicable: %s (%s)", strings.Join(ids[reason], ", "), reason))
	}
}
