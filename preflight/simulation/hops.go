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
	// Harms are those of the first of the hops on which they do the most.
	Harms []Harm
	// Hops are such as "1.33 to 1.34", in order, of so many as were simulated.
	Hops []string
	Of   int
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
		if n := len(troubles) - 1; n > 0 {
			h.Summary += fmt.Sprintf("; %s more", words.Count(n, "culprit"))
		}
	}
	return h
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
			if len(t.Harms) > len(all[n].Harms) {
				all[n].Harms = t.Harms
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

func (sim Simulation) troubles() []Trouble {
	var all []Trouble
	for _, harm := range sim.Harms {
		t := Trouble{Culprits: harm.Culprits, Harms: []Harm{harm}, Hops: []string{sim.Hop()}}
		if n := slices.IndexFunc(all, func(o Trouble) bool { return o.key() == t.key() }); n >= 0 {
			all[n].Harms = append(all[n].Harms, harm)
			continue
		}
		all = append(all, t)
	}
	return all
}

// key is the same for what the same do with the same certainty.
func (t Trouble) key() string {
	return fmt.Sprint(t.Harms[0].Perhaps, names(t.Culprits))
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
	who := names(t.Culprits)
	if who == "" {
		who = "what is not known"
	}
	line := fmt.Sprintf("%s %s %s: %s", who, stop, first.Name, first.Consequence)
	if n := len(t.Harms) - 1; n > 0 {
		line += fmt.Sprintf("; and %d more", n)
	}
	switch {
	case t.Of == 1:
		return line
	case t.Of == len(t.Hops):
		return "on every step: " + line
	}
	return words.Some(t.Hops, 2) + ": " + line
}

// Also are the names of the other things that the same would stop.
func (t Trouble) Also() []string {
	var all []string
	for _, h := range t.Harms[1:] {
		all = append(all, h.Name)
	}
	return all
}

// A Step is one upgrade of several: From a minor, such as 1.33, To a version.
type Step struct{ From, To string }

// Steps are the upgrades from a minor to a target, one minor at a time; a single one
// where it is not known which minors lie between.
func Steps(from, target string) []Step {
	minors := bootstrap.Minors()
	first, last := slices.Index(minors, from), slices.Index(minors, line(target))
	if first < 0 || last <= first {
		return []Step{{from, target}}
	}
	var all []Step
	for n := first; n < last; n++ {
		all = append(all, Step{minors[n], minors[n+1]})
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
