package render

import (
	"strings"

	"github.com/gke-preflight/gke-preflight/preflight/remedy"
)

// A doing is a step of a remedy as it is shown.
type doing struct {
	// Label says what the step is to the one before it.
	Label string
	remedy.Step
}

// doings are the steps in their order; label is the first one's.
func doings(label string, steps remedy.Steps) []doing {
	var all []doing
	for n, s := range steps {
		switch {
		case n == 0:
		case s.Or:
			label = "Or"
		default:
			label = "Then"
		}
		all = append(all, doing{label, s})
	}
	return all
}

// remedy writes what to do, and what is to be copied on lines of its own.
func (v *view) remedy(label string, steps remedy.Steps) {
	for _, d := range doings(label, steps) {
		v.label(4, d.Label, d.Sentence())
		for _, c := range d.Commands {
			v.copied(c)
		}
		for _, value := range d.Values {
			v.text(6, value.String())
			if value.Command != "" {
				v.copied(remedy.Command{Kind: remedy.Shell, Text: value.Command})
			}
		}
	}
}

// copied writes a command so that it can be copied as it stands: what is of one line
// is broken where a shell puts it together again, and of what has several each
// is indented by as much.
func (v *view) copied(c remedy.Command) {
	lines := strings.Split(c.Paste(), "\n")
	if c.Kind == remedy.Shell && len(lines) == 1 {
		v.command(8, c.Text)
		return
	}
	indent := 8
	if !c.ForShell() {
		indent += 2
	}
	for _, line := range lines {
		v.verbatim(indent, line)
	}
}

// remedy writes the steps of an item, the first after label: what is for a shell, and what is not, each in
// a block of its own, and no two steps in one.
func (m markdown) remedy(label string, steps remedy.Steps) {
	for _, d := range doings(label, steps) {
		m.line("")
		m.line("  " + d.Label + ": " + escape(d.Sentence()))
		m.copied(d.Commands)
		for _, v := range d.Values {
			m.line("")
			m.line("  " + escape(v.String()))
			if v.Command != "" {
				m.copied([]remedy.Command{{Kind: remedy.Shell, Text: v.Command}})
			}
		}
	}
}

var languages = map[remedy.Kind]string{remedy.Shell: "sh", remedy.Manifest: "sh", remedy.Edit: "yaml"}

func (m markdown) copied(cs []remedy.Command) {
	for _, block := range grouped(cs, func(c remedy.Command) string { return languages[c.Kind] }) {
		text := pasted(block)
		fence := fenceFor(text)
		m.line("")
		m.line("  " + fence + languages[block[0].Kind])
		for line := range strings.SplitSeq(text, "\n") {
			m.line("  " + line)
		}
		m.line("  " + fence)
	}
}

// pasted are several commands to copy as one block.
func pasted(cs []remedy.Command) string {
	var all []string
	for _, c := range cs {
		all = append(all, c.Paste())
	}
	return strings.Join(all, "\n")
}

// An advice is a step in words and in what is to be copied.
type advice struct {
	Label string
	Parts []advicePart
}

// An advicePart is text, or what is to be copied.
type advicePart struct {
	Text string
	Code bool
	// Edit says that what is to be copied is not for a shell.
	Edit bool
}

// advise parts a remedy into its steps.
func advise(label string, steps remedy.Steps) []advice {
	var all []advice
	for _, d := range doings(label, steps) {
		a := advice{d.Label, []advicePart{{Text: d.Sentence()}}}
		for _, block := range grouped(d.Commands, func(c remedy.Command) string { return languages[c.Kind] }) {
			a.Parts = append(a.Parts, advicePart{pasted(block), true, !block[0].ForShell()})
		}
		for _, v := range d.Values {
			a.Parts = append(a.Parts, advicePart{Text: v.String()})
			if v.Command != "" {
				a.Parts = append(a.Parts, advicePart{Text: v.Command, Code: true})
			}
		}
		all = append(all, a)
	}
	return all
}
