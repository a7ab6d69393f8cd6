package render

import (
	"fmt"
	"strings"

	"github.com/gke-preflight/gke-preflight/preflight"
)

// free says that nothing blocks the upgrade, and what would if it were not waived.
func (v *view) free() string {
	if blockersAccepted(v.r) > 0 {
		return "Nothing blocks the upgrade but what is waived below, and a waiver stops none of it from happening"
	}
	return "Nothing blocks the upgrade"
}

// waived lists what was found or left open, and accepted; and what became of the
// findings of an earlier report.
func (v *view) waived() error {
	if lines := waivedLines(v.r); lines != nil {
		v.heading(fmt.Sprintf("Waived (%d)", len(lines)))
		for _, l := range lines {
			v.item(2, "- ", l.text)
			if l.words != "" {
				v.text(4, l.words)
			}
		}
	}
	if lines := baselineLines(v.r); lines != nil {
		v.heading(sinceBaseline(v.r))
		for _, l := range lines {
			v.item(2, "- ", l)
		}
	}
	return nil
}

// sinceBaseline is the heading of what became of an earlier report's findings.
func sinceBaseline(r preflight.Report) string {
	return "Since the report of " + r.Baseline.CollectedAt.UTC().Format("2006-01-02 15:04 UTC")
}

// A waivedLine is something accepted, after the check that found it or has no answer.
type waivedLine struct {
	check, text string
	// words are those of the waiver; empty where none is told.
	words string
}

// waivedLines are the findings and open questions that are waived.
func waivedLines(r preflight.Report) []waivedLine {
	var lines []waivedLine
	add := func(check, text string, w *preflight.Waiver) {
		l := waivedLine{check: check, text: check + ", " + text}
		if w != nil {
			l.words = waiverWords(w)
		}
		lines = append(lines, l)
	}
	for _, f := range r.Findings {
		if f.Waived {
			add(f.Check, f.Severity.String()+": "+named(f), f.Waiver)
		}
	}
	for _, o := range questionsAccepted(r, preflight.Info) {
		text := "open"
		if o.Severity == preflight.Blocker {
			text += ", could hide a blocker"
		}
		if o.Subject != (preflight.Subject{}) {
			text += ": " + o.Subject.String()
		}
		add(o.Check, text+": "+o.Reason, o.Waiver)
	}
	return lines
}

// baselineLines count what is new, worse and unchanged, and name what is gone;
// nil without a baseline.
func baselineLines(r preflight.Report) []string {
	if r.Baseline == nil {
		return nil
	}
	n := map[preflight.BaselineState]int{}
	for _, f := range r.Findings {
		n[f.Baseline]++
	}
	lines := []string{fmt.Sprintf("%d new, %d worse, %d unchanged, %d gone", n[preflight.New], n[preflight.Worse], n[preflight.Unchanged], len(r.Baseline.Gone))}
	for _, m := range r.Baseline.Gone {
		lines = append(lines, "gone: "+missing(m))
	}
	for _, m := range r.Baseline.Open {
		lines = append(lines, "gone or not, "+m.Check+" has no full answer: "+strings.TrimPrefix(missing(m), m.Check+", "))
	}
	return lines
}

func missing(m preflight.Missing) string {
	return fmt.Sprintf("%s, %s: %s", m.Check, m.Severity, named(preflight.Finding{Subject: m.Subject, Summary: m.Summary}))
}
