package render

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/remedy"
	"github.com/gke-preflight/gke-preflight/preflight/words"
)

// briefly writes the causes that one check found to be worst: of blockers what each is
// and all that cures it, of the others what each is and the first thing to do, or, as
// long as the upgrade is not free to begin, a line.
func (v *view) briefly(g []preflight.Cause) {
	lead := g[0].Lead
	s, word := severitySign(lead.Severity)
	if lead.Severity == preflight.Warning && v.r.Verdict != preflight.Ready {
		v.item(0, v.sign(s), s.style.of(word)+" "+bold.of(lead.Check)+": "+whose(g)+": "+lowerFirst(v.title(lead.Check))+kinOf(g))
		for _, c := range g {
			for _, note := range relabelled(c.Lead) {
				v.label(4, "Note", note)
			}
		}
		return
	}
	v.blank()
	if len(g) == 1 && lead.Severity != preflight.Blocker {
		v.item(0, v.sign(s), s.style.of(word)+" "+bold.of(lead.Check)+": "+noted(named(lead), lead))
		v.kin(g[0])
		v.toDo("Do", lead)
		v.addon(lead)
		return
	}
	v.groupTitle(g)
	most := maxShown
	if lead.Severity != preflight.Blocker {
		most = fewShown
	}
	shown := g[:min(most, len(g))]
	shared, label := v.sharedRemedy(g)
	for _, c := range shown {
		v.item(2, "- ", named(c.Lead))
		for _, note := range relabelled(c.Lead) {
			v.label(4, "Note", note)
		}
		if shared == nil {
			v.toDo("Do", c.Lead)
		}
		v.addon(c.Lead)
		v.kin(c)
	}
	if n := len(g) - len(shown); n > 0 {
		v.item(2, "- ", fmt.Sprintf("and %d more, see -o wide", n))
	}
	if shared != nil {
		lead.Steps = shared
		v.toDo(label, lead)
	}
}

// kinOf names the checks that found what comes of the same causes, in brackets; empty
// where none did.
func kinOf(g []preflight.Cause) string {
	var all []string
	for _, c := range g {
		for _, f := range c.Rest {
			all = append(all, f.Check)
		}
	}
	if all == nil {
		return ""
	}
	return " (and " + strings.Join(unique(all), ", ") + ")"
}

// whose names the subjects of a few causes.
func whose(g []preflight.Cause) string {
	var all []string
	for _, c := range g {
		all = append(all, c.Lead.Subject.String())
	}
	return words.Some(all, fewNamed)
}

// fewShown is how many causes of a warning are shown.
const fewShown = 3

// kin names what comes of the same cause, and says what to do about what explains it.
func (v *view) kin(c preflight.Cause) {
	var same []string
	for _, f := range c.Rest {
		if c.Explains(f) {
			v.label(4, "Cause ("+f.Check+")", noted(consequence(c.Lead, f), f))
			if f.Remedy != c.Lead.Remedy {
				v.toDo("Do", f)
			}
			continue
		}
		same = append(same, f.Check)
		for _, note := range relabelled(f) {
			v.label(4, "Note ("+f.Check+")", note)
		}
	}
	if same != nil {
		v.label(4, "Of the same cause", strings.Join(same, ", ")+" (-o wide)")
	}
}

// toDo writes what to do about f: all of it where it blocks, else its first step,
// without what is to be written into an editor.
func (v *view) toDo(label string, f preflight.Finding) {
	steps := f.ToDo()
	if v.atTop != "" && len(steps) > 0 && v.atTop == steps[:1].String() {
		steps = slices.Clone(steps)
		steps[0].Commands, steps[0].Text = nil, steps[0].Text+" (the commands stand at the top)"
	}
	if f.Severity == preflight.Blocker || len(steps) == 0 {
		v.remedy(label, steps)
		return
	}
	first := steps[0]
	text := (remedy.Steps{first}).String()
	if check, ok := v.told[text]; ok {
		v.label(4, label, "as for "+check)
		return
	}
	v.told[text] = f.Check
	var edits bool
	first.Commands, edits = forShell(first.Commands)
	if edits || first.Values != nil {
		first.Commands, first.Values = nil, nil
	}
	v.remedy(label, remedy.Steps{first})
}

// forShell are the commands of one line for a shell, and whether there are others.
func forShell(all []remedy.Command) (shell []remedy.Command, others bool) {
	for _, c := range all {
		if c.Kind == remedy.Shell {
			shell = append(shell, c)
		} else {
			others = true
		}
	}
	return shell, others
}

// worthKnowing says what was found and has no weight; it names no more than the checks
// where there is more to do first, unless it is about what the user asked for.
func (v *view) worthKnowing(groups [][]preflight.Cause) {
	if groups == nil {
		return
	}
	ofPolicy := func(g []preflight.Cause) bool { return strings.HasPrefix(g[0].Lead.Check, "GP9") }
	if v.r.Verdict == preflight.Ready || slices.ContainsFunc(groups, ofPolicy) {
		v.blank()
		for _, g := range groups {
			v.item(0, "- ", bold.of(g[0].Lead.Check)+": "+noted(named(g[0].Lead), g[0].Lead)+more(len(g)-1)+kinOf(g))
		}
		return
	}
	var all []string
	for _, g := range groups {
		text := g[0].Lead.Check
		if len(g) > 1 {
			text += fmt.Sprintf(" (%d)", len(g))
		}
		all = append(all, text)
	}
	v.item(0, "- ", bold.of("Worth knowing")+" (-o wide): "+strings.Join(all, "; ")+".")
	for _, g := range groups {
		for _, c := range g {
			for _, note := range relabelled(c.Lead) {
				v.label(4, "Note ("+c.Lead.Check+")", note)
			}
		}
	}
}

// more counts what is not shown; empty where all is.
func more(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf(" (and %d more)", n)
}

// lowerFirst is s within a sentence: a first word that is an abbreviation keeps its case.
func lowerFirst(s string) string {
	if len(s) < 2 || s[1] >= 'A' && s[1] <= 'Z' {
		return s
	}
	return strings.ToLower(s[:1]) + s[1:]
}
