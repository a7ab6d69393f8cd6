package admission

import (
	"fmt"

	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/forecast"
)

var failClosedInFatalPath = preflight.Check{
	ID:       "GP104",
	Name:     "fail-closed-in-fatal-path",
	Title:    "A fail-closed webhook stands in the path of a fatal PostStartHook",
	Severity: preflight.Warning,
	Steps:    []preflight.Step{preflight.ControlPlaneStep},
	Needs:    StartupNeeds(),
	Uses:     StartupUses(),
	After:    []string{"GP101"},
	Run: func(s *facts.Snapshot) (fs []preflight.Finding) {
		for _, b := range passing(s, func(h forecast.Hook) bool { return h.Fatal }) {
			if b.FailurePolicy != "Fail" || !b.Kind.IsWebhook() || b.Answer == string(facts.NotAsked) {
				continue
			}
			fs = append(fs, preflight.Finding{
				Severity: preflight.Warning,
				Subject:  b.subject(),
				Summary:  fmt.Sprintf("%s fails closed on %s; it answers now, but a replica that starts while it doesn't crash-loops", b.Interception, b.counted()),
				Evidence: b.evidence(),
				Steps:    way(s, b.Culprit),
			})
		}
		return append(fs, OpenWarnings(s)...)
	},
}

// OpenWarnings are the open hooks, as a check needs them that can do no more than warn.
func OpenWarnings(s *facts.Snapshot) []preflight.Finding {
	fs := OpenHooks(s)
	for i := range fs {
		fs[i].Severity = preflight.Warning
	}
	return fs
}
