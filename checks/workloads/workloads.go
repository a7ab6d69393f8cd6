// Package workloads holds the checks 4xx: what a drain of the nodes does to workloads.
package workloads

import "github.com/gke-preflight/gke-preflight/preflight"

// All returns these checks, by ID.
func All() []preflight.Check {
	return []preflight.Check{
		budgetAllowsNothing, budgetsOverlap, budgetSelectsNothing, podWithoutController, localStorage, graceBeyondDrain, pinnedToNode, labelNotOnPool,
		singleReplica, execProbeTimesOut, noPlaceAfterDrain, stockoutProne, quotaShort, volumeRefused, podSecurityTightens, addressRefused, priorityNeedsQuota,
	}
}
