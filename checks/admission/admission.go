// Package admission holds the checks 1xx: what admission makes of the start of a control plane and of what
// a cluster lives by, and what is wrong with webhooks, their backends and the way there.
package admission

import "github.com/gke-preflight/gke-preflight/preflight"

// All returns these checks, by ID.
func All() []preflight.Check {
	return []preflight.Check{
		startupWriteBlocked, startupDelayed, startupDegraded, failClosedInFatalPath, webhookSeesNewKind, startupTooSlow, webhookEndpointsDiffer, startupRestarted,
		WebhookBackendMissing, WebhookNoReadyEndpoints, webhookNotAnswering, webhookAnswersWrong, webhookCertificate, webhookWasSlow, writesWereSlow,
		webhookSlow, certificateExpiresSoon, latencyRises, nodeHeartbeatsLost, leaderElectionLost, webhookGuardsItsOwnPods, systemPodsBlocked,
		nodesCannotJoin, systemWritesBlocked, reviewsBlocked, policyParamsUnknownAtStart, nodeUpgradeBlocked, failClosedElsewhere, oneEventFromCrashLoop, backendInOnePlace, backendDisruptionBudget,
		backendProbesMissing, backendPriority, backendResources, backendRestarts, backendImageInCluster, webhooksGuardEachOther, conversionWebhookFails,
		aggregatedAPIUnavailable, outboundCertificate, webhookPortClosed, webhooksKeptOut, konnectivityAtRisk, networkPolicyBlocksWebhook, urlWithoutEgress,
	}
}
