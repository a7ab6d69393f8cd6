package admission

import (
	"fmt"
	"slices"

	"github.com/gke-preflight/gke-preflight/preflight/bootstrap"
	"github.com/gke-preflight/gke-preflight/preflight/clocks"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/forecast"
	"github.com/gke-preflight/gke-preflight/preflight/lifeline"
)

// An evictor is whose evictions are rejected.
type evictor int

const (
	// anybody: those of all who evict, or it is not known that any other passes.
	anybody evictor = iota
	// theUpgrade: those of GKE's upgrade alone.
	theUpgrade
	// theAutoscaler: those of the cluster autoscaler alone.
	theAutoscaler
)

// denied is whose evictions the culprit rejects, of the line of evictions; anybody of any
// other line.
func (c cut) denied(l forecast.Lifeline) evictor {
	if l.Name != lifeline.Evictions {
		return anybody
	}
	upgrade, autoscaler := forecast.Passes, forecast.Passes
	for _, w := range l.Writes {
		i, ok := w.By(c.Culprit)
		if !ok || i.Effect == forecast.Slows {
			continue
		}
		of := []*forecast.Effect{&upgrade, &autoscaler}
		switch w.User {
		case lifeline.Autoscaler:
			of = of[1:]
		case bootstrap.Loopback.Name: // counts the evictions of both
		default:
			of = of[:1]
		}
		for _, e := range of {
			if *e != forecast.Rejects && i.Effect != forecast.Passes {
				*e = i.Effect
			}
		}
	}
	switch {
	case upgrade == forecast.Passes && autoscaler == forecast.Rejects:
		return theAutoscaler
	case autoscaler == forecast.Passes && upgrade == forecast.Rejects:
		return theUpgrade
	}
	return anybody
}

// openTo is theAutoscaler where its evictions alone are open, and no upgrade of nodes hangs
// on them; anybody of any other line, and where something could not be read that others
// may hang on.
func openTo(s *facts.Snapshot, l forecast.Lifeline) evictor {
	if l.Name != lifeline.Evictions || l.AtFault() == nil || autoscalerDrains(s) {
		return anybody
	}
	for _, f := range slices.Concat(lifelineNeeds(), lifeline.NodeNeeds(), []facts.Fact{facts.Namespaces}) {
		if _, absent := s.Absence(f); absent {
			return anybody
		}
	}
	for _, w := range l.Writes {
		if w.User != lifeline.Autoscaler && w.Effect != forecast.Passes && w.Effect != forecast.Slows {
			return anybody
		}
	}
	return theAutoscaler
}

// words name who is denied; empty for anybody.
func (e evictor) words() string {
	switch e {
	case theUpgrade:
		return " by GKE's upgrade alone (as its service agent)"
	case theAutoscaler:
		return fmt.Sprintf(" by the cluster autoscaler alone (user %s)", lifeline.Autoscaler)
	case anybody:
	}
	return ""
}

// follows is what follows where the line is lost as far as the culprit rejects it.
func (c cut) follows(s *facts.Snapshot, l forecast.Lifeline) string {
	const kept = "the cluster autoscaler removes no node that has such pods; "
	switch c.denied(l) {
	case theUpgrade:
		return fmt.Sprintf("the drain of each node waits for its limit, %.0f min on GKE, and then its pods are deleted whatever a disruption budget says; the cluster autoscaler's evictions pass", clocks.Drain.Minutes())
	case theAutoscaler:
		if autoscalerDrains(s) {
			return kept + "a blue-green upgrade that leaves the draining to it waits in vain for the time that the pool gives it, and then drains by itself, which passes"
		}
		return kept + "the drains of an upgrade pass"
	case anybody:
	}
	return l.Consequence
}

// autoscalerDrains reports whether the upgrade of a node pool has the autoscaler empty its
// nodes, or may have: where the pools' settings were not seen
// (cloud.google.com/kubernetes-engine/docs/concepts/node-pool-upgrade-strategies).
func autoscalerDrains(s *facts.Snapshot) bool {
	pools, known := facts.GKENodePools.Get(s)
	return !known || slices.ContainsFunc(pools, func(p facts.NodePool) bool { return p.Upgrade.CordonSeconds != nil })
}
