// Package versions holds the checks 3xx: the target of the upgrade, the versions beside it, and APIs that it
// removes.
package versions

import "github.com/gke-preflight/gke-preflight/preflight"

// All returns these checks, by ID.
func All() []preflight.Check {
	return []preflight.Check{
		targetOutOfReach, targetNotOffered, nodeSkew, endOfSupport, twoStepUpgrade, upgradeSoaking, controlPlaneVersionsDiffer, removedAPIInUse,
		removedAPIInRules, crdStoresUnserved, removedAPIInHelm, gkeSawRemovedAPI, betaAPIGoes,
		addonNotForTarget, addonEnded, chartNotForTarget,
	}
}
