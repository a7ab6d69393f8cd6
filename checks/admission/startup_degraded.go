package admission

import (
	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/forecast"
)

var startupDegraded = preflight.Check{
	ID:       "GP103",
	Name:     "startup-degraded",
	Title:    "A webhook or policy makes a background write of the new replica fail",
	Severity: preflight.Warning,
	Steps:    []preflight.Step{preflight.ControlPlaneStep},
	Needs:    StartupNeeds(),
	Uses:     StartupUses(),
	After:    append([]string{"GP101"}, backendFaults()...),
	Run: func(s *facts.Snapshot) (fs []preflight.Finding) {
		degraded := func(h forecast.Hook) bool { return h.Outcome == forecast.Degraded && h.Possible == nil }
		for _, b := range blame(s, degraded) {
			fs = append(fs, preflight.Finding{
				Severity: preflight.Warning,
				Subject:  b.subject(),
				Summary:  b.stops() + ", again and again" + readyWithout(s),
				Evidence: b.evidence(),
				Steps:    way(s, b.Culprit),
			})
		}
		return append(fs, OpenWarnings(s)...)
	},
}

func readyWithout(s *facts.Snapshot) string {
	cp := forecast.Of(s).ControlPlane
	switch {
	case cp.Outcome.Fails():
		return ""
	case !cp.Punctual():
		return "; the new replica gets ready without, after " + span(cp.ReadyAfterSeconds)
	}
	return "; the new replica gets ready without"
}
