package render

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/forecast"
)

// Markdown writes the report for a pull request or a job's summary, as GitHub and
// GitLab render it. Strings from the cluster stay text, and mention nobody.
func Markdown(w io.Writer, r preflight.Report, o Options) error {
	m := markdown{bufio.NewWriter(w)}
	m.line("# " + escape(headlineOf(r)))
	m.line("")
	m.line(escape(countsOf(r)) + ".")
	if under := underPolicy(r); under != "" {
		m.line("")
		m.line(escape(under))
	}
	m.line("")
	m.screen(r, o)
	m.findings(r, o)
	for _, n := range r.Forecast.ControlPlane.Notes {
		m.line("")
		m.line("Note: " + escape(n) + ".")
	}
	m.hooks(r.Forecast.ControlPlane)
	if !o.Quiet {
		m.waived(r)
		m.open(r)
	}
	return m.Flush()
}

// screen is what is read first; see [view.screen].
func (m markdown) screen(r preflight.Report, o Options) {
	m.answers(append(answersOf(r), reasonsOf(r)...))
	m.remedy((&view{r: r, page: newPage(o)}).firstSteps("Now"))
	m.answers(scheduleOf(r))
}

func (m markdown) answers(all []answer) {
	for _, a := range all {
		m.line("- **" + a.Label + "**: " + escape(a.Text))
	}
}

type markdown struct{ *bufio.Writer }

func (m markdown) line(s string) { fmt.Fprintln(m, Inert(s)) }

func (m markdown) heading(s string) {
	m.line("")
	m.line("## " + s)
	m.line("")
}

func (m markdown) hooks(cp forecast.ControlPlane) {
	inTrouble, _ := troubled(cp)
	rows := hookRows(cp, inTrouble)
	if len(rows) == 0 {
		return
	}
	m.heading("PostStartHooks in trouble")
	m.line("| hook | outcome | webhook or policy | writes |")
	m.line("|---|---|---|---|")
	for _, row := range rows {
		for i := range row {
			row[i] = escape(row[i])
		}
		m.line("| " + strings.Join(row, " | ") + " |")
	}
}

// findings has an item for each story, with what is wrong for the same reason below
// it; a remedy that stood in the item before is not repeated.
func (m markdown) findings(r preflight.Report, o Options) {
	var open []preflight.Finding
	for _, f := range r.Findings {
		if !f.Waived && (f.Severity == preflight.Blocker || !o.Quiet) {
			open = append(open, f)
		}
	}
	severity, before, known := preflight.Severity(-1), "", mappedOf(r)
	for _, s := range preflight.Causes(open) {
		if s.Lead.Severity != severity {
			severity = s.Lead.Severity
			m.heading(map[preflight.Severity]string{preflight.Blocker: "Blockers", preflight.Warning: "Warnings", preflight.Info: "Worth knowing"}[severity])
		}
		m.finding(s.Lead)
		for _, note := range relabelled(s.Lead) {
			m.line("")
			m.line("  Note: " + escape(note))
		}
		for _, f := range s.Rest {
			m.line("")
			m.line(fmt.Sprintf("  Also [%s](%s): %s", f.Check, preflight.DocsURL(f.Check), escape(noted(consequence(s.Lead, f), f))))
		}
		if s.Lead.Remedy == before && before != "" {
			m.line("")
			m.line("  What to do: as above.")
		} else {
			m.remedy("What to do", s.Lead.ToDo())
		}
		before = s.Lead.Remedy
		for _, f := range s.Rest {
			if f.Remedy != s.Lead.Remedy {
				m.remedy("What to do about "+f.Check, f.ToDo())
			}
		}
		if a, ok := known.of(s.Lead); ok {
			m.addon(a)
		}
		m.evidence(s.Lead)
	}
}

func (m markdown) finding(f preflight.Finding) {
	m.line(fmt.Sprintf("- **[%s](%s)** %s", f.Check, preflight.DocsURL(f.Check), escape(named(f))))
}

func (m markdown) evidence(f preflight.Finding) {
	if len(f.Evidence) == 0 {
		return
	}
	m.line("")
	m.line("  <details><summary>evidence</summary>")
	m.line("")
	for _, e := range f.Evidence[:min(len(f.Evidence), maxShown)] {
		m.line("  - " + escape(observed(e)))
	}
	if more := len(f.Evidence) - maxShown; more > 0 {
		m.line(fmt.Sprintf("  - and %d more", more))
	}
	m.line("")
	m.line("  </details>")
}

// waived lists what is accepted, and what became of an earlier report's findings.
func (m markdown) waived(r preflight.Report) {
	if lines := waivedLines(r); lines != nil {
		m.heading(fmt.Sprintf("Waived (%d)", len(lines)))
		for _, l := range lines {
			text := strings.TrimPrefix(l.text, l.check)
			if l.words != "" {
				text += "; " + l.words
			}
			m.line(fmt.Sprintf("- [%s](%s)%s", l.check, preflight.DocsURL(l.check), escape(text)))
		}
	}
	if lines := baselineLines(r); lines != nil {
		m.heading(sinceBaseline(r))
		for _, l := range lines {
			m.line("- " + escape(l))
		}
	}
}

func (m markdown) open(r preflight.Report) {
	var lines []string
	for _, l := range skippedLines(r) {
		lines = append(lines, "- "+escape(l))
	}
	for _, c := range byCheck(r) {
		for _, o := range openOf(c) {
			if o.Waived {
				continue
			}
			s := "- " + c.ID
			if o.Severity == preflight.Blocker {
				s += " (could hide a blocker)"
			}
			if o.Subject != (preflight.Subject{}) {
				s += " " + code(o.Subject.String())
			}
			lines = append(lines, s+": "+escape(o.Reason))
		}
	}
	for _, f := range r.Facts {
		if !f.Present {
			lines = append(lines, "- not read: "+code(f.ID)+" ("+escape(f.Absence)+")")
		}
	}
	if lines == nil {
		return
	}
	m.heading("What was not looked at")
	for _, l := range lines {
		m.line(l)
	}
}

// escape makes a text that Markdown and HTML leave as it is. A zero-width space
// after @ keeps GitHub from telling whoever has that name.
func escape(s string) string {
	var b strings.Builder
	for _, r := range s {
		switch {
		case r == '<':
			b.WriteString("&lt;")
		case r == '>':
			b.WriteString("&gt;")
		case r == '&':
			b.WriteString("&amp;")
		case r == '@':
			b.WriteString("@\u200b")
		case strings.ContainsRune("\\`*_{}[]#|~!", r):
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteByte(' ')
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// code is an inline code span, in a fence longer than any in s.
func code(s string) string {
	s = strings.ReplaceAll(strings.ReplaceAll(s, "\n", " "), "|", "\\|")
	fence := strings.Repeat("`", longestRun(s)+1)
	if strings.HasPrefix(s, "`") || strings.HasSuffix(s, "`") {
		s = " " + s + " "
	}
	return fence + s + fence
}

func fenceFor(s string) string { return strings.Repeat("`", max(3, longestRun(s)+1)) }

func longestRun(s string) (longest int) {
	run := 0
	for _, r := range s {
		if r == '`' {
			run++
			longest = max(longest, run)
		} else {
			run = 0
		}
	}
	return longest
}
