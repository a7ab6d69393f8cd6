package checks

import (
	"fmt"

	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/forecast"
)

var startupDelayed = preflight.Check{
	ID:       "GP102",
	Name:     "startup-delayed",
	Title:    "A webhook or policy delays the new replica",
	Severity: preflight.Warning,
	Needs:    startupNeeds(),
	Uses:     startupUses(),
	After:    []string{"GP101", "GP113"},
	Run: func(s *facts.Snapshot) (fs []preflight.Finding) {
		delayed := func(h forecast.Hook) bool { return h.Outcome == forecast.Delayed }
		for _, b := range append(blame(s, forecast.Slows, delayed), blame(s, forecast.Rejects, delayed)...) {
			fs = append(fs, preflight.Finding{
				Severity: preflight.Warning,
				Subject:  b.subject(),
				Summary:  fmt.Sprintf("%s %s and holds up %s; the new replica is ready after %s", b.Interception, b.Says(), b.counted(), longest(b.hooks)),
				Evidence: b.evidence(),
				Remedy:   b.cure(),
			})
		}
		return append(fs, openWarnings(s)...)
	},
}

func longest(hooks []forecast.Hook) string {
	var s *forecast.Seconds
	for _, h := range hooks {
		if h.Seconds != nil && (s == nil || h.Seconds.Max > s.Max) {
			s = h.Seconds
		}
	}
	return span(s)
}
