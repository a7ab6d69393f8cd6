package admission

import (
	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/lifeline"
)

var leaderElectionLost = preflight.Check{
	ID:       "GP122",
	Name:     "leader-election-lost",
	Title:    "A webhook or policy costs controllers their leadership",
	Severity: preflight.Blocker,
	Needs:    lifelineNeeds(),
	Without:  configurations(),
	Uses:     lifelineUses(),
	After:    backendFaults(),
	Run: func(s *facts.Snapshot) []preflight.Finding {
		return append(lost(s, preflight.Blocker, of(lifeline.Elections)), slowed(s, of(lifeline.Elections))...)
	},
}
