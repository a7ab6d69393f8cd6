package admission

import (
	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/lifeline"
)

var systemPodsBlocked = preflight.Check{
	ID:       "GP124",
	Name:     "system-pods-blocked",
	Title:    "A webhook or policy keeps pods of the system, or of a webhook, from starting",
	Severity: preflight.Blocker,
	Needs:    lifelineNeeds(),
	Without:  configurations(),
	Uses:     lifelineUses(),
	After:    append(backendFaults(), "GP123"),
	Run: func(s *facts.Snapshot) []preflight.Finding {
		return lost(s, preflight.Blocker, of(lifeline.SystemPods, lifeline.BackendPods))
	},
}
