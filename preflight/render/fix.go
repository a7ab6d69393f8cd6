package render

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/gke-preflight/gke-preflight/preflight/cure"
	"github.com/gke-preflight/gke-preflight/preflight/forecast"
)

// Fix writes the patches with what becomes of the upgrade before and after.
func Fix(w io.Writer, r cure.Report, o Options) error {
	p := newPage(o)
	p.text(0, bold.of(fmt.Sprintf("Upgrade from %s to %s: %s", strings.TrimPrefix(r.From, "v"), cmp.Or(r.Target, "an unknown version"), inShort(r.Before))))
	switch {
	case len(r.Cures) > 1:
		p.text(2, fmt.Sprintf("With all %d patches below: %s.", len(r.Cures), inShort(r.After)))
	case len(r.Cures) == 1:
		p.text(2, fmt.Sprintf("With the patch below: %s.", inShort(r.After)))
	case len(r.Left) == 0:
		p.text(2, "Nothing stands in its way.")
	}
	for _, c := range r.Cures {
		p.cure(c, "Harms")
	}
	if len(r.Precautions) > 0 {
		p.heading("Precautions: these answer now, and would stop the upgrade if their backend hung")
	}
	for _, c := range r.Precautions {
		p.cure(c, "Would harm")
	}
	if len(r.Left) > 0 {
		p.heading("Not for a patch")
		for _, l := range r.Left {
			p.item(2, "- ", strings.TrimSpace(l.Kind+" "+l.Name)+": "+l.Reason)
		}
	}
	p.blank()
	p.text(0, verdictLine(r))
	return p.writeTo(w)
}

func verdictLine(r cure.Report) string {
	s := fmt.Sprintf("A check says %s now", bold.of(strings.ToUpper(string(r.Verdict))))
	if len(r.Cures) > 0 {
		s += fmt.Sprintf(", and %s with the patches", bold.of(strings.ToUpper(string(r.Patched))))
	}
	return s + ". Nothing was applied."
}

func (p *page) cure(c cure.Cure, harms string) {
	p.blank()
	p.text(0, cyan.of(c.Kind+" "+c.Name))
	p.label(2, harms, listed(slices.Concat(c.Hooks, c.Lifelines), p.Wide))
	p.label(2, "Patched", "it "+c.Does)
	if c.Alone == nil {
		p.label(2, "Before", inShort(c.Before))
		p.label(2, "After", inShort(c.After))
	} else {
		p.label(2, "Before, with nothing else in the way", inShort(c.Before))
		p.label(2, "After, with nothing else in the way", inShort(c.After))
		p.label(2, "After, with this patch and no other", inShort(*c.Alone))
	}
	if len(c.Owners) > 0 {
		p.label(2, "Managed by", strings.Join(c.Owners, ", ")+", which may undo the patch: make the same change in its source")
	}
	if c.Advice != "" {
		p.label(2, "Note", c.Advice)
	}
	for _, t := range c.Tried {
		p.label(2, "Otherwise", trial(t))
	}
	p.label(2, "Apply", "")
	p.verbatim(4, c.Command)
}

func trial(t cure.Trial) string {
	if t.After == nil {
		return fmt.Sprintf("%s: %s", t.Way, t.Why)
	}
	return fmt.Sprintf("%s: %s if it %s", t.Way, inShort(*t.After), t.Does)
}

// listed names a few, and counts the rest.
func listed(names []string, all bool) string {
	const few = 6
	if len(names) <= few || all {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:few], ", "), len(names)-few)
}

// inShort is a state in one line.
func inShort(s cure.State) string {
	text := string(s.Outcome)
	switch {
	case s.Outcome == forecast.CrashLoop && s.ExitsAfterSeconds != nil:
		text += " (exits after " + span(s.ExitsAfterSeconds) + ")"
	case s.ReadyAfterSeconds != nil && s.Outcome != forecast.Ready:
		text += " (ready after " + span(s.ReadyAfterSeconds) + ")"
	}
	if s.Outcome == forecast.Unknown {
		text += atWorst(s.Hooks)
	}
	for _, l := range []struct{ fate, words string }{{string(forecast.Lost), "lost"}, {string(forecast.Slowed), "slowed"}, {string(forecast.Open), "undecided"}} {
		n := 0
		for _, h := range s.Lifelines {
			if h.Outcome == l.fate {
				n++
			}
		}
		if n > 0 {
			text += fmt.Sprintf(", %d lifelines %s", n, l.words)
		}
	}
	return strings.ReplaceAll(text, "1 lifelines", "1 lifeline")
}

// atWorst names what can't be ruled out of a forecast that is unknown.
func atWorst(hooks []cure.Harm) string {
	for _, o := range []forecast.Outcome{forecast.CrashLoop, forecast.NeverReady, forecast.Delayed, forecast.Degraded} {
		if slices.ContainsFunc(hooks, func(h cure.Harm) bool { return h.AtWorst == string(o) }) {
			return ", at worst " + string(o)
		}
	}
	return ""
}
