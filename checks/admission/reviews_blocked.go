package admission

import (
	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/lifeline"
)

var reviewsBlocked = preflight.Check{
	ID:       "GP127",
	Name:     "reviews-blocked",
	Title:    "A webhook blocks who asks what a caller may do",
	Severity: preflight.Warning,
	Needs:    lifelineNeeds(),
	Uses:     lifelineUses(),
	After:    backendFaults(),
	Run: func(s *facts.Snapshot) []preflight.Finding {
		return lost(s, preflight.Warning, of(lifeline.Reviews))
	},
}
