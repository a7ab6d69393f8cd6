package admission

import (
	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/forecast"
	"github.com/gke-preflight/gke-preflight/preflight/lifeline"
)

var nodeHeartbeatsLost = preflight.Check{
	ID:       "GP121",
	Name:     "node-heartbeats-lost",
	Title:    "A webhook or policy keeps nodes from reporting",
	Severity: preflight.Blocker,
	Needs:    lifelineNeeds(),
	Without:  configurations(),
	Uses:     lifelineUses(),
	After:    backendFaults(),
	Run: func(s *facts.Snapshot) []preflight.Finding {
		return append(lost(s, preflight.Blocker, of(lifeline.Heartbeats)), slowed(s, of(lifeline.Heartbeats))...)
	},
}

// slowed are the findings on lines whose clients are just patient enough.
func slowed(s *facts.Snapshot, concern func(forecast.Lifeline) bool) (fs []preflight.Finding) {
	for _, c := range cuts(s, forecast.Slowed, concern) {
		fs = append(fs, c.finding(s, preflight.Warning))
	}
	return fs
}
