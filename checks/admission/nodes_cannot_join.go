package admission

import (
	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/lifeline"
)

var nodesCannotJoin = preflight.Check{
	ID:       "GP125",
	Name:     "nodes-cannot-join",
	Title:    "A webhook or policy keeps nodes from joining",
	Severity: preflight.Blocker,
	Needs:    lifelineNeeds(),
	Without:  configurations(),
	Uses:     lifelineUses(),
	After:    backendFaults(),
	Run: func(s *facts.Snapshot) []preflight.Finding {
		return lost(s, preflight.Blocker, of(lifeline.Joining))
	},
}
