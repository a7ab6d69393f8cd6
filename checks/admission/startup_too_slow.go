package admission

import (
	"fmt"

	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/forecast"
	"github.com/gke-preflight/gke-preflight/preflight/remedy"
)

var startupTooSlow = preflight.Check{
	ID:       "GP106",
	Name:     "startup-too-slow",
	Title:    "Writes that pass take longer together than their PostStartHook may",
	Severity: preflight.Blocker,
	Steps:    []preflight.Step{preflight.ControlPlaneStep},
	Needs:    StartupNeeds(),
	Without:  configurations(),
	Uses:     StartupUses(),
	After:    []string{"GP113"},
	Run: func(s *facts.Snapshot) (fs []preflight.Finding) {
		for _, h := range forecast.Of(s).ControlPlane.Hooks {
			if h.Outcome != forecast.CrashLoop || !h.Overruns() {
				continue
			}
			f := addedUp(s, h)
			f.Severity = preflight.Blocker
			f.Summary = fmt.Sprintf("%s: %s; the new replica exits after %s", h.Name, h.Reason, span(h.Seconds))
			fs = append(fs, f)
		}
		return append(fs, OpenHooks(s)...)
	},
}

// addedUp is a finding on a hook whose writes all pass and take long together.
func addedUp(s *facts.Snapshot, h forecast.Hook) preflight.Finding {
	f := preflight.Finding{
		Subject: preflight.Subject{Kind: "PostStartHook", Name: h.Name},
		Steps:   remedy.Do("let the API server's own writes past what slows them, by a matchCondition, which does not affect the cluster's other traffic"),
	}
	for _, b := range slowing(s, h) {
		f.Evidence = append(f.Evidence, b.evidence()...)
		f.Steps = way(s, b.Culprit)
	}
	return f
}

// slowing are those who take time of h's writes.
func slowing(s *facts.Snapshot, h forecast.Hook) []blamed {
	return blame(s, func(other forecast.Hook) bool { return other.Name == h.Name })
}
