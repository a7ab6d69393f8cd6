// Package cluster holds the checks 5xx: the state and the configuration of the cluster in GKE.
package cluster

import "github.com/gke-preflight/gke-preflight/preflight"

// All returns these checks, by ID.
func All() []preflight.Check {
	return []preflight.Check{
		clusterBusyOrBroken, nodePoolBusyOrBroken, earlierUpgradeFailed, controlPlaneRepaired, nodeRepairLoop, statusConditions, automaticUpgradesPaused,
		exclusionActive, unannouncedUpgrades, nodePoolUpgradeFailed, zonalControlPlane, noReleaseChannel, clusterCredentials, secretsKey, alphaCluster,
		bootstrapCertificate, autoscalerAtMaximum, podAddressesRunOut, upgradeSettingsUnworkable, googleInsights, pipelineGivesUp, poolVersionRefused, fewerReadyPods, upgradeOutlastsWindow, poolOnCgroupV1, imageTypeNotOffered, policyRefusesDryRuns,
	}
}
