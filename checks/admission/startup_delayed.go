package admission

import (
	"slices"

	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/forecast"
)

var startupDelayed = preflight.Check{
	ID:       "GP102",
	Name:     "startup-delayed",
	Title:    "A webhook or policy delays the new replica",
	Severity: preflight.Warning,
	Steps:    []preflight.Step{preflight.ControlPlaneStep},
	Needs:    StartupNeeds(),
	Uses:     StartupUses(),
	After:    []string{"GP101", "GP113", "GP118"},
	Run: func(s *facts.Snapshot) []preflight.Finding {
		cp := forecast.Of(s).ControlPlane
		delayed := func(h forecast.Hook) bool {
			return h.Outcome == forecast.Delayed && h.Possible == nil && !cp.Outlasts(h) && len(slowing(s, h)) > 0
		}
		return append(late(s, delayed, preflight.Warning, readyAfter(s)), OpenWarnings(s)...)
	},
}

// holdsUp says that hooks are held up, or may be.
func holdsUp(hooks []forecast.Hook) string {
	if slices.ContainsFunc(hooks, func(h forecast.Hook) bool { return h.AtBest == "" }) {
		return "holds up"
	}
	return "may hold up"
}

// readyAfter adds when the replica is ready, if it gets ready at all.
func readyAfter(s *facts.Snapshot) string {
	ready := forecast.Of(s).ControlPlane.ReadyAfterSeconds
	if ready == nil {
		return ""
	}
	return "; the new replica is ready after " + span(ready)
}
