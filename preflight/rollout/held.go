package rollout

import (
	"slices"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/forecast"
	"github.com/gke-preflight/gke-preflight/preflight/lifeline"
)

// WithDrains is the estimate for the node pool of that name with what holds up its drains.
func WithDrains(s *facts.Snapshot, pool string) Estimate {
	e := Of(s, pool)
	if e.Unknown == "" && e.Nodes > 0 {
		e.Held, e.HeldPerhaps = held(s, pool)
	}
	return e
}

// held is who rejects evictions, as GKE's upgrade asks for them, of Pods that are on the
// pool; empty, and whether that is open, where nobody is known to.
func held(s *facts.Snapshot, pool string) (by string, open bool) {
	for _, l := range forecast.Of(s).Lifelines {
		if l.Name != lifeline.Evictions {
			continue
		}
		// What could not be read leaves it open without a write to blame for it.
		open = l.Outcome == forecast.Open && l.AtFault() == nil
		for _, w := range l.Writes {
			if w.User == lifeline.Autoscaler || !drainedFrom(s, pool, w) {
				continue
			}
			switch w.Effect {
			case forecast.Rejects:
				if by = rejecting(w); by != "" {
					return by, false
				}
			case forecast.Undecided:
				open = true
			case forecast.Slows, forecast.Passes:
			}
		}
	}
	return "", open
}

// rejecting is the first that keeps the write from passing, by rejecting it or by holding
// it up; empty for none.
func rejecting(w forecast.LifelineWrite) string {
	for _, e := range []forecast.Effect{forecast.Rejects, forecast.Slows} {
		for _, i := range w.InterceptedBy {
			if i.Effect == e {
				return i.Culprit.Object().String()
			}
		}
	}
	return ""
}

// drainedFrom reports whether a drain of the pool's nodes evicts Pods of the namespaces that
// the eviction stands for, or may: where it was not seen which Pods are on them.
func drainedFrom(s *facts.Snapshot, pool string, w forecast.LifelineWrite) bool {
	namespaces := append([]string{w.Namespace}, w.Namespaces...)
	groups, known := facts.PodGroups.Get(s)
	return !known || slices.ContainsFunc(groups, func(g facts.PodGroup) bool {
		return g.Kind != "DaemonSet" && slices.Contains(namespaces, g.Namespace) && (g.Pools == nil || g.Pools[pool] > 0)
	})
}
