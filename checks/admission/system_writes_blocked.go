package admission

import (
	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/lifeline"
)

var systemWritesBlocked = preflight.Check{
	ID:       "GP126",
	Name:     "system-writes-blocked",
	Title:    "A webhook or policy blocks what controllers write",
	Severity: preflight.Blocker,
	Needs:    lifelineNeeds(),
	Without:  configurations(),
	Uses:     append(lifelineUses(), facts.CustomResources),
	After:    backendFaults(),
	Run: func(s *facts.Snapshot) []preflight.Finding {
		return lost(s, preflight.Blocker, of(lifeline.Controllers, lifeline.Addons))
	},
}
