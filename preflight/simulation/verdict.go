package simulation

import (
	"fmt"
	"slices"

	"github.com/gke-preflight/gke-preflight/preflight/admission"
	"github.com/gke-preflight/gke-preflight/preflight/bootstrap"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/forecast"
	"github.com/gke-preflight/gke-preflight/preflight/lifeline"
	"github.com/gke-preflight/gke-preflight/preflight/manifest"
)

// A Harm is what becomes of a hook, or of what the cluster lives by, while no
// webhook answers.
type Harm struct {
	// Name is that of the hook or of the line, Lifeline that it is a line.
	Name     string `json:"name"`
	Lifeline bool   `json:"lifeline,omitempty"`
	// Outcome is one of [forecast.Outcome], or of [forecast.Fate] for a line.
	Outcome string `json:"outcome"`
	// Reason says what it comes from.
	Reason string `json:"reason"`
	// Perhaps says that it hangs on what can't be told.
	Perhaps bool `json:"perhaps,omitempty"`
	// Part is the part of the upgrade that it is met in.
	Part Part `json:"part"`
	// Consequence is what follows.
	Consequence string `json:"consequence"`
	// Culprits are those that it comes from.
	Culprits []Culprit `json:"culprits,omitempty"`
}

// A Part is one of an upgrade.
type Part string

const (
	// Start: the new replica of the control plane does not get ready.
	Start Part = "start"
	// Lives: something is lost that the cluster lives by, whatever is upgraded.
	Lives Part = "lifelines"
	// Nodes: something is lost that an upgrade of nodes needs.
	Nodes Part = "nodes"
)

// Parts are all of them, in their order.
func Parts() []Part { return []Part{Start, Lives, Nodes} }

// judge notes what fails while no webhook answers, and draws the verdict. With
// manifests it is about them alone: what fails by them, or by them beside what is
// there and not without them.
func (sim *Simulation) judge(s *facts.Snapshot, plan bootstrap.Plan, added *manifest.Added, b Backends) {
	sim.Harms = append(sim.Harms, harms(s, added, b, false)...)
	for _, h := range harms(s, added, b, true) {
		if !contains(sim.Harms, h) {
			h.Perhaps = true
			sim.Harms = append(sim.Harms, h)
		}
	}
	sim.Verdict = sim.verdict(s, plan, added)
	if sim.Verdict == Clear {
		var there func(admission.Interception) bool
		if added != nil {
			there = holds(added)
		}
		sim.Waiting = waiting(s, there, b)
	}
}

func (sim *Simulation) verdict(s *facts.Snapshot, plan bootstrap.Plan, added *manifest.Added) Verdict {
	switch {
	case slices.ContainsFunc(sim.Harms, func(h Harm) bool { return !h.Perhaps }):
		return Endangered
	case len(sim.Harms) > 0 || added != nil && added.Unseen:
		return Undecided
	case added != nil && added.Idle:
		return NoEffect
	case plan.Problem != "" || sim.Skipped != nil || blind(s):
		return Undecided
	}
	for n, h := range plan.Hooks {
		if (h.Fatal() || h.Failing == bootstrap.NeverReady) && sim.Hooks[n].Unknown != "" {
			return Undecided
		}
	}
	return Clear
}

// harms are what fails by what is added, or by anything at all where nothing is;
// worst takes what can't be told for the worst.
func harms(s *facts.Snapshot, added *manifest.Added, b Backends, worst bool) []Harm {
	known := added == nil || added.Others == nil
	if worst && !known {
		s = added.Others
	}
	x := suspectsOf(s, added)
	fails := func(there func(admission.Interception) bool) []Harm {
		return x.failing(forecast.Supposing(s, forecast.Supposition{There: there, Worst: worst, Well: b == Well}), worst && known)
	}
	if added == nil {
		return fails(nil)
	}
	found := fails(x.holds)
	before := fails(func(i admission.Interception) bool { return !x.holds(i) })
	for _, h := range fails(nil) {
		if !contains(found, h) && !contains(before, h) {
			found = append(found, h)
		}
	}
	return found
}

// holds reports of an interception whether it comes from a manifest.
func holds(added *manifest.Added) func(admission.Interception) bool {
	from := map[admission.Culprit]bool{}
	if added != nil {
		for _, n := range added.Names {
			from[admission.Culprit{Kind: admission.Kind(n.Kind), Name: n.Name}] = true
		}
	}
	return func(i admission.Interception) bool {
		c := i.Culprit()
		return from[c.Object()] || from[c.Binding()]
	}
}

func contains(hs []Harm, h Harm) bool {
	return slices.ContainsFunc(hs, func(o Harm) bool { return o.Name == h.Name && o.Lifeline == h.Lifeline })
}

// failing are the hooks that keep the replica from getting ready, or hold it up until a
// kubelet has restarted it more than once, and the lines that are lost and take the
// cluster down, or keep its nodes from being upgraded; see [spared].
func (x suspects) failing(f forecast.Forecast, leave bool) []Harm {
	var found []Harm
	for _, h := range f.ControlPlane.Hooks {
		outcome := h.Outcome
		if outcome == forecast.Unknown {
			outcome = h.AtWorst
		}
		switch cp := f.ControlPlane; {
		case outcome.Fails():
			found = append(found, x.start(cp, h, Harm{Outcome: string(outcome), Reason: h.Reason}))
		case cp.UnderKubelet.Worse() && cp.Outlasts(h):
			found = append(found, x.start(cp, h, Harm{Outcome: string(outcome),
				Reason: fmt.Sprintf("%s, until %s; under a kubelet with the liveness probe of GCE's manifest the replica is %s", h.Reason, h.Seconds, cp.UnderKubelet.Says())}))
		}
	}
	for _, l := range f.Lifelines {
		if l.Outcome == forecast.Lost && !spared(l, leave) {
			found = append(found, Harm{
				Name: l.Name, Lifeline: true, Outcome: string(l.Outcome), Reason: l.Reason,
				Part: partOf(lifeline.Group(l.Group)), Consequence: l.Consequence, Culprits: x.culprits(l.AtFault()),
			})
		}
	}
	return found
}

// spared reports whether the loss of a line alone takes no cluster down: that of reviews, of
// add-ons but for their CustomResourceDefinitions, and of spare nodes waits for webhooks to
// answer again. Of
// pods of applications that are known it may be left to themselves whether they have the
// labels that a webhook asks for. A policy is not waited for: what it denies it denies for
// good.
func spared(l forecast.Lifeline, leave bool) bool {
	if slices.ContainsFunc(l.AtFault(), func(b forecast.Blame) bool { return b.Kind.IsPolicy() }) {
		return false
	}
	g := lifeline.Group(l.Group)
	return waits(l) || g == lifeline.Workloads && leave
}

func waits(l forecast.Lifeline) bool {
	g := lifeline.Group(l.Group)
	return g == lifeline.Reviews || g == lifeline.Addons && l.Name != lifeline.Definitions || l.Name == lifeline.SpareNodes
}

// waiting are the names of the lines that are lost while no webhook answers, and spared.
func waiting(s *facts.Snapshot, there func(admission.Interception) bool, b Backends) (names []string) {
	for _, l := range forecast.Supposing(s, forecast.Supposition{There: there, Well: b == Well}).Lifelines {
		if l.Outcome == forecast.Lost && waits(l) {
			names = append(names, l.Name)
		}
	}
	return names
}

func partOf(g lifeline.Group) Part {
	if g.OfNodes() {
		return Nodes
	}
	return Lives
}

// start completes what is known of a hook.
func (x suspects) start(cp forecast.ControlPlane, h forecast.Hook, harm Harm) Harm {
	harm.Name, harm.Part, harm.Culprits = h.Name, Start, x.culprits(cp.AtFault(h))
	switch forecast.Outcome(harm.Outcome) {
	case forecast.CrashLoop:
		harm.Consequence = "the replica exits, over and over"
	case forecast.NeverReady:
		harm.Consequence = "the replica runs on and never gets ready"
	case forecast.Ready, forecast.Delayed, forecast.Degraded, forecast.Unknown:
		harm.Consequence = "the replica is late, and restarted before it is ready"
	}
	return harm
}

// blind reports whether webhooks or policies could not be read.
func blind(s *facts.Snapshot) bool {
	return slices.ContainsFunc(admission.Needs(), func(f facts.Fact) bool {
		_, absent := s.Absence(f)
		return absent
	})
}
