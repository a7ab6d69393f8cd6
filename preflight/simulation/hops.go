package simulation

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gke-preflight/gke-preflight/preflight/bootstrap"
	"github.com/gke-preflight/gke-preflight/preflight/version"
	"github.com/gke-preflight/gke-preflight/preflight/words"
)

// HopsSchema names the format of [Hops]; fields are only ever added to it.
const HopsSchema = "gke-preflight/simulations/v1"

// Hops are simulations of several upgrades, one after the other or side by side.
type Hops struct {
	Schema string `json:"schema"`
	// Verdict is the worst of the hops.
	Verdict Verdict `json:"verdict"`
	// Summary is as that of a [Simulation], with the hops that it is about.
	Summary string       `json:"summary,omitempty"`
	Hops    []Simulation `json:"hops"`
}

// A Trouble is what the same webhooks or policies do on one hop or on several.
type Trouble struct {
	Culprits []Culprit
	// Harms are those of all hops, each once and as it is on the first.
	Harms []HopHarm
	// Hops are such as "1.33 to 1.34", in order, of so many as were simulated.
	Hops []string
	Of   int
}

// A HopHarm is a harm with the hops on which it is met.
type HopHarm struct {
	Harm
	Hops []string
}

// Together is what single simulations come to.
func Together(all []Simulation) Hops {
	h := Hops{Schema: HopsSchema, Verdict: NoEffect, Hops: all}
	for _, s := range all {
		if Worse(s.Verdict, h.Verdict) {
			h.Verdict = s.Verdict
		}
	}
	if troubles := h.Troubles(); len(troubles) > 0 {
		h.Summary = troubles[0].Says()
		if n := others(troubles); n > 0 {
			h.Summary += fmt.Sprintf("; %s more", words.Count(n, "culprit"))
		}
	}
	return h
}

// others is how many webhooks and policies do something beside those of the first.
func others(all []Trouble) int {
	seen := map[string]bool{}
	for _, t := range all {
		for _, c := range t.Culprits {
			seen[c.Kind+"/"+c.Name+"/"+c.Webhook] = true
		}
	}
	return len(seen) - len(all[0].Culprits)
}

// Worse reports whether a is worse than b; any verdict is worse than none.
func Worse(a, b Verdict) bool {
	order := []Verdict{NoEffect, Clear, Undecided, Endangered}
	return slices.Index(order, a) > slices.Index(order, b)
}

// Troubles are what endangers any of the hops, by who does: the certain ones first, and
// else in the order in which they are met.
func (h Hops) Troubles() []Trouble {
	var all []Trouble
	for _, s := range h.Hops {
		for _, t := range s.troubles() {
			n := slices.IndexFunc(all, func(o Trouble) bool { return o.key() == t.key() })
			if n < 0 {
				all = append(all, t)
				continue
			}
			all[n].Hops = append(all[n].Hops, t.Hops...)
			for _, h := range t.Harms {
				all[n].add(h)
			}
		}
	}
	for n := range all {
		all[n].Of = len(h.Hops)
	}
	slices.SortStableFunc(all, func(a, b Trouble) int { return order(a.Perhaps()) - order(b.Perhaps()) })
	return all
}

func order(perhaps bool) int {
	if perhaps {
		return 1
	}
	return 0
}

// add notes a harm that is met on another hop, too, or on that one alone.
func (t *Trouble) add(h HopHarm) {
	for n, o := range t.Harms {
		if o.Name == h.Name && o.Lifeline == h.Lifeline {
			t.Harms[n].Hops = append(t.Harms[n].Hops, h.Hops...)
			return
		}
	}
	t.Harms = append(t.Harms, h)
}

func (sim Simulation) troubles() []Trouble {
	var all []Trouble
	for _, harm := range sim.Harms {
		hops := []string{sim.Hop()}
		t := Trouble{Culprits: harm.Culprits, Harms: []HopHarm{{harm, hops}}, Hops: hops}
		if n := slices.IndexFunc(all, func(o Trouble) bool { return o.key() == t.key() }); n >= 0 {
			all[n].Harms = append(all[n].Harms, t.Harms...)
			continue
		}
		all = append(all, t)
	}
	return all
}

// key is the same for what the same do with the same certainty.
func (t Trouble) key() string {
	return fmt.Sprint(t.Harms[0].Perhaps, slices.Sorted(slices.Values(names(t.Culprits))))
}

// Perhaps says that it hangs on what can't be told.
func (t Trouble) Perhaps() bool { return t.Harms[0].Perhaps }

// Says is the trouble in one line: who would stop what, and what follows; of several
// hops, on which of them.
func (t Trouble) Says() string {
	first := t.Harms[0]
	stop := "would stop"
	if first.Perhaps {
		stop = "might stop"
	}
	who := "what is not known"
	if all := names(t.Culprits); len(all) > 3 {
		who = words.Some(all, 2)
	} else if all != nil {
		who = strings.Join(all, " and ")
	}
	line := fmt.Sprintf("%s %s %s: %s", who, stop, first.Name, first.Consequence)
	if n := len(t.Harms) - 1; n > 0 {
		line += fmt.Sprintf("; and %d more", n)
		if slices.ContainsFunc(t.Harms[1:], func(h HopHarm) bool { return len(h.Hops) < len(first.Hops) }) {
			line += ", not each on all of them"
		}
	}
	switch {
	case t.Of == 1:
		return line
	case t.Of == len(first.Hops):
		return "on every step: " + line
	}
	return words.Some(first.Hops, 2) + ": " + line
}

// Also are the names of the other things that the same would stop, with the steps where
// that is not on all of those that it stops something on.
func (t Trouble) Also() []string {
	var all []string
	for _, h := range t.Harms[1:] {
		name := h.Name
		if len(h.Hops) < len(t.Hops) {
			name += " (" + words.Some(h.Hops, 2) + ")"
		}
		all = append(all, name)
	}
	return all
}

// A Step is one upgrade of several: From a minor, such as 1.33, To a version.
type Step struct{ From, To string }

// Steps are the upgrades from a minor to a target, one minor at a time; a single one
// where the minor is not known, and a last one from the newest that is known where the
// target is newer.
func Steps(from, target string) []Step {
	minors := bootstrap.Minors()
	first, last := slices.Index(minors, from), slices.Index(minors, line(target))
	if first < 0 || last >= 0 && last <= first {
		return []Step{{from, target}}
	}
	var all []Step
	for n := first; n+1 < len(minors) && (last < 0 || n < last); n++ {
		all = append(all, Step{minors[n], minors[n+1]})
	}
	if last < 0 {
		return append(all, Step{minors[len(minors)-1], target})
	}
	all[len(all)-1].To = target
	return all
}

// Hop is such as "1.33 to 1.34".
func (sim Simulation) Hop() string { return line(sim.From) + " to " + line(sim.Target) }

func line(s string) string {
	v, err := version.Parse(s)
	if err != nil {
		return strings.TrimPrefix(s, "v")
	}
	return v.Line()
}
