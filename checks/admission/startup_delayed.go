package admission

import (
	"fmt"
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
	Needs:    StartupNeeds(),
	Uses:     StartupUses(),
	After:    []string{"GP101", "GP113", "GP118"},
	Run: func(s *facts.Snapshot) (fs []preflight.Finding) {
		delayed := func(h forecast.Hook) bool { return h.Outcome == forecast.Delayed && h.Possible == nil }
		for _, b := range blame(s, delayed) {
			if b.Effect == forecast.Passes {
				continue
			}
			fs = append(fs, preflight.Finding{
				Severity: preflight.Warning,
				Subject:  b.subject(),
				Summary:  fmt.Sprintf("%s %s and %s %s%s", b.Interception, b.Says(), holdsUp(b.hooks), b.counted(), readyAfter(s)),
				Evidence: b.evidence(),
				Steps:    way(s, b.Culprit),
			})
		}
		for _, h := range forecast.Of(s).ControlPlane.Hooks {
			if delayed(h) && len(slowing(s, h)) > 0 && slowing(s, h)[0].Effect == forecast.Passes {
				f := addedUp(s, h)
				f.Severity = preflight.Warning
				f.Summary = fmt.Sprintf("%s: %s%s", h.Name, h.Reason, readyAfter(s))
				fs = append(fs, f)
			}
		}
		return append(fs, OpenWarnings(s)...)
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
