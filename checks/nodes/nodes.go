// Package nodes holds the checks 2xx: nodes that are not well, and auto-repair.
package nodes

import "github.com/gke-preflight/gke-preflight/preflight"

// All returns these checks, by ID.
func All() []preflight.Check {
	return []preflight.Check{
		autoRepairExposed, nodeNotReady, nodeHeartbeatStale, nodeUnderRepair, nodeConditionBad, nodeCordoned, nodeFlapping, acceleratorNotAllocatable,
		autoRepairClock,
	}
}
