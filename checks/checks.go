// Package checks holds the checks, one to a file. A check is a value: adding
// one takes its file, its line in [All], its page in docs/checks and its cases
// in testdata/checks.
package checks

import "github.com/gke-preflight/gke-preflight/preflight"

// All returns every check, by ID.
func All() []preflight.Check {
	return []preflight.Check{
		startupWriteBlocked, startupDelayed, startupDegraded, failClosedInFatalPath, webhookSeesNewKind, startupTooSlow, webhookEndpointsDiffer,
		webhookBackendMissing, webhookNoReadyEndpoints, webhookNotAnswering, webhookAnswersWrong, webhookCertificate, webhookWasSlow, writesWereSlow, webhookSlow, certificateExpiresSoon, latencyRises,
		nodeHeartbeatsLost, leaderElectionLost, webhookGuardsItsOwnPods, systemPodsBlocked, nodesCannotJoin, systemWritesBlocked, reviewsBlocked, policyParamsUnknownAtStart,
		oneEventFromCrashLoop, backendInOnePlace, backendDisruptionBudget, backendProbesMissing, backendPriority, backendResources, backendRestarts, backendImageInCluster, webhooksGuardEachOther,
		conversionWebhookFails, aggregatedAPIUnavailable, outboundCertificate,
		webhookPortClosed, webhooksKeptOut, konnectivityAtRisk, networkPolicyBlocksWebhook, urlWithoutEgress,
		autoRepairExposed, nodeNotReady, nodeHeartbeatStale, nodeUnderRepair,
		nodeConditionBad, nodeCordoned, nodeFlapping, acceleratorNotAllocatable, autoRepairClock,
		targetOutOfReach, targetNotOffered, nodeSkew, endOfSupport, twoStepUpgrade, upgradeSoaking, controlPlaneVersionsDiffer,
		removedAPIInUse, removedAPIInRules, crdStoresUnserved, removedAPIInHelm, gkeSawRemovedAPI,
		budgetAllowsNothing, budgetsOverlap, budgetSelectsNothing, podWithoutController, localStorage, graceBeyondDrain, pinnedToNode, labelNotOnPool, singleReplica, stockoutProne, quotaShort,
		clusterBusyOrBroken, nodePoolBusyOrBroken, earlierUpgradeFailed, controlPlaneRepaired, nodeRepairLoop, statusConditions,
		automaticUpgradesPaused, exclusionActive, unannouncedUpgrades, nodePoolUpgradeFailed, zonalControlPlane, noReleaseChannel, clusterCredentials, secretsKey, alphaCluster,
		bootstrapCertificate, autoscalerAtMaximum, podAddressesRunOut, upgradeSettingsUnworkable, googleInsights, pipelineGivesUp, poolVersionRefused,
	}
}
