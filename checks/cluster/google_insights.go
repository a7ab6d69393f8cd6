package cluster

import (
	"fmt"
	"strings"

	"github.com/gke-preflight/gke-preflight/checks/admission"
	"github.com/gke-preflight/gke-preflight/checks/finding"
	"github.com/gke-preflight/gke-preflight/checks/versions"
	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/forecast"
	"github.com/gke-preflight/gke-preflight/preflight/remedy"
)

var googleInsights = preflight.Check{
	ID:       "GP522",
	Name:     "google-insights",
	Title:    "What Google noticed about the cluster, and whether it is still so",
	Severity: preflight.Info,
	Steps:    []preflight.Step{preflight.ControlPlaneStep},
	Needs:    append(admission.StartupNeeds(), facts.GKEInsights),
	Uses:     append(admission.StartupUses(), facts.Services, facts.Endpoints),
	Run: func(s *facts.Snapshot) (fs []preflight.Finding) {
		insights := facts.GKEInsights.Of(s)
		onWebhooks := false
		for i, n := range insights {
			onWebhooks = onWebhooks || strings.HasPrefix(n.Subtype, webhookInsight)
			if versions.Deprecation.MatchString(n.Subtype) {
				continue
			}
			words := insightWords(n.Subtype)
			if words == "" {
				words = fmt.Sprintf("%s (%s), of which this version of gke-preflight knows no more", n.Subtype, n.Description)
			}
			fs = append(fs, preflight.Finding{
				Severity: preflight.Info, Subject: preflight.Subject{Kind: "Insight", Name: n.Name},
				Summary:  "Google noticed " + words + versions.InsightAge(s, n) + disagreement(s, n),
				Evidence: []preflight.Evidence{finding.EvidenceOf(facts.GKEInsights, n.Subtype, n.Description, "/%d/subtype", i)},
				Steps:    remedy.Do("see what it names, and remember that it goes up to a day after its cause", remedy.Words(append([]string{"gcloud", "recommender", "insights", "describe", n.Name, "--insight-type", "google.container.DiagnosisInsight"}, finding.PlaceFlags(s)...)...)),
			})
		}
		switch cp := forecast.Of(s).ControlPlane; {
		case onWebhooks:
		case cp.Outcome == forecast.Unknown:
			fs = append(fs, preflight.Finding{
				Severity: preflight.Info, Subject: finding.ClusterSubject(s),
				Undecided: "Google noticed nothing about webhooks; whether that is borne out can't be told, since the forecast is unknown",
			})
		case cp.Outcome.Fails():
			fs = append(fs, preflight.Finding{
				Severity: preflight.Info, Subject: finding.ClusterSubject(s),
				Summary:  fmt.Sprintf("Google noticed nothing about webhooks, while the forecast of this upgrade is %s: its insights come once a day, and look neither at what a new API server writes nor at whether a webhook answers", cp.Outcome),
				Evidence: []preflight.Evidence{finding.EvidenceOf(facts.GKEInsights, nil, fmt.Sprintf("%s, none of them about webhooks", finding.Count(len(insights), "active insight")), "")},
				Steps:    remedy.Do("go by what is seen live: see the blockers in this report"),
			})
		}
		return fs
	},
}

const webhookInsight = "K8S_ADMISSION_WEBHOOK_"

// disagreement says where an insight differs from what is seen now.
func disagreement(s *facts.Snapshot, n facts.Insight) string {
	cp := forecast.Of(s).ControlPlane
	switch n.Subtype {
	case "K8S_ADMISSION_WEBHOOK_UNAVAILABLE":
		_, services := s.Absence(facts.Services)
		_, endpoints := s.Absence(facts.Endpoints)
		if !services && !endpoints && len(admission.WebhookNoReadyEndpoints.Run(s))+len(admission.WebhookBackendMissing.Run(s)) == 0 {
			return "; seen now, every webhook's Service has an endpoint that is ready"
		}
	case "K8S_ADMISSION_WEBHOOK_UNSAFE":
		if cp.Outcome == forecast.Ready {
			return "; the forecast of this upgrade is ready all the same, for as long as the webhook answers"
		}
	}
	return ""
}

// insightWords says what an insight means; empty for a subtype that this version
// does not know (cloud.google.com/kubernetes-engine/docs/how-to/optimize-with-recommenders).
func insightWords(subtype string) string {
	switch subtype {
	case "K8S_ADMISSION_WEBHOOK_UNAVAILABLE":
		return "a webhook whose Service has no endpoints"
	case "K8S_ADMISSION_WEBHOOK_UNSAFE":
		return "a webhook that intercepts what the system lives by: Pods and Leases of kube-system, node leases, Nodes, access reviews or certificate requests"
	case "PDB_UNPERMISSIVE":
		return "a disruption budget that permits no disruption"
	case "PDB_UNPROTECTED_STATEFULSET":
		return "a StatefulSet without a disruption budget"
	case "PDB_STATEFULSET_WITHOUT_PROBES":
		return "a StatefulSet with a disruption budget and without readiness probes"
	case "DEPLOYMENT_MISSING_PDB", "GKE_WORKLOAD_PDB_MISSING":
		return "a workload without a disruption budget"
	case "DEPRECATION_K8S_1_25_PODSECURITYPOLICY":
		return "the use of PodSecurityPolicy, which 1.25 removed"
	case "DEPRECATION_K8S_1_24_DOCKERSHIM":
		return "nodes that run Docker, which 1.24 removed"
	case "DEPRECATION_K8S_1_23_CERTIFICATE":
		return "a webhook or API extension whose certificate has no subject alternative name"
	case "DEPRECATION_K8S_SHA_1_CERTIFICATE":
		return "a webhook or API extension whose certificate is signed by SHA-1"
	case "DEPRECATION_CONTAINERD_V1ALPHA2_CRI_API":
		return "the use of containerd's API v1alpha2, which newer nodes lack"
	case "DEPRECATION_CONTAINERD_V1_SCHEMA_IMAGES":
		return "images of Docker's schema 1, which newer nodes can't pull"
	case "K8S_CRD_WITH_INVALID_CA_BUNDLE":
		return "a custom resource definition whose conversion webhook has an invalid caBundle"
	case "CLUSTER_VERSION_SKEW_UNSUPPORTED":
		return "nodes too old for the control plane"
	case "CLUSTER_VERSION_END_OF_LIFE":
		return "a version at the end of its support"
	case "CLUSTER_RELEASE_CHANNEL_UNSPECIFIED":
		return "that the cluster is in no release channel"
	case "CLUSTER_MAINTENANCE_WINDOW_AND_EXCLUSIONS":
		return "a missing maintenance window, or exclusions that leave too little time"
	case "NETWORK_POLICIES_UNRECONCILED":
		return "network policies that are not enforced"
	case "EXEC_PROBE_TIMEOUT":
		return "probes by command that take longer than their timeout, which newer nodes enforce"
	case "NODE_SA_MISSING_PERMISSIONS":
		return "a service account of nodes that lacks permissions"
	case "CLUSTER_UNDERPROVISIONED":
		return "that the cluster is too small for what it runs"
	}
	return ""
}
