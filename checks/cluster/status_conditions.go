package cluster

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/gke-preflight/gke-preflight/checks/finding"
	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/remedy"
)

var statusConditions = preflight.Check{
	ID:       "GP511",
	Name:     "status-conditions",
	Title:    "GKE reports a problem with the cluster or a node pool",
	Severity: preflight.Blocker,
	Needs:    []facts.Fact{facts.GKECluster, facts.GKENodePools},
	Run: func(s *facts.Snapshot) []preflight.Finding {
		c := facts.GKECluster.Of(s)
		fs := conditionFindings(c.Conditions, preflight.Finding{
			Subject: finding.ClusterSubject(s), Summary: "cluster " + c.Name,
		}, finding.ClusterCommand(s, "describe"), facts.GKECluster, "")
		for i, p := range facts.GKENodePools.Of(s) {
			fs = append(fs, conditionFindings(p.Conditions, preflight.Finding{
				Subject: finding.PoolSubject(p), Summary: "node pool " + p.Name,
			}, finding.PoolCommand(s, "describe", p.Name), facts.GKENodePools, fmt.Sprintf("/%d", i))...)
		}
		return fs
	},
}

// conditionFindings tells of all conditions of one object in one finding, and
// leaves open those whose code this version does not know. f names the object in
// its summary, and look shows it.
func conditionFindings(cs []facts.StatusCondition, f preflight.Finding, look remedy.Command, fact facts.Fact, path string) (fs []preflight.Finding) {
	var parts []string
	for i, c := range cs {
		m, known := conditionMeaning(c)
		if !known {
			fs = append(fs, preflight.Finding{Severity: preflight.Blocker, Subject: f.Subject,
				Undecided: fmt.Sprintf("%s reports condition %s, which this version of gke-preflight does not know: %s", f.Summary, c.Code, cmp.Or(c.Message, "GKE gives no message"))})
			continue
		}
		f.Severity = max(f.Severity, m.severity)
		parts = append(parts, fmt.Sprintf("%s: %s", c.Code, m.words))
		f.Steps = f.Steps.Then(m.todo)
		f.Evidence = append(f.Evidence, finding.EvidenceOf(fact, c.Code, c.Message, path+"/conditions/%d/code", i))
	}
	if len(parts) == 0 {
		return fs
	}
	f.Summary += " reports " + strings.Join(parts, "; ")
	f.Steps = f.Steps.Then("see what became of it", look)
	return append([]preflight.Finding{f}, fs...)
}

// A condition's meaning is what a StatusCondition says of an upgrade.
type meaning struct {
	severity    preflight.Severity
	words, todo string
}

// conditionMeaning knows the codes of containerpb's StatusCondition_Code and of
// google.rpc.Code, which newer conditions have instead; of the latter only the
// message says what is wrong.
func conditionMeaning(c facts.StatusCondition) (m meaning, known bool) {
	switch c.Code {
	case "GCE_STOCKOUT":
		return meaning{preflight.Warning, "the zone has no machines of that type left; a node that is drained or repaired may not come back", "wait, or choose another zone or machine type"}, true
	case "GCE_QUOTA_EXCEEDED":
		return meaning{preflight.Warning, "the project's quota of Compute Engine is used up; no new node can be made", "raise the quota, or free some of it"}, true
	case "GKE_SERVICE_ACCOUNT_DELETED":
		return meaning{preflight.Blocker, "GKE's own service account was deleted or lost its role, so GKE can change nothing in the project", "give the service agent service-PROJECT_NUMBER@container-engine-robot.iam.gserviceaccount.com its role roles/container.serviceAgent again"}, true
	case "NODE_SERVICE_ACCOUNT_MISSING_PERMISSIONS":
		return meaning{preflight.Warning, "the nodes' service account lacks permissions; new nodes may not report, log or pull images", "grant it roles/container.defaultNodeServiceAccount"}, true
	case "SET_BY_OPERATOR":
		return meaning{preflight.Warning, "Google's staff set it by hand: " + c.Message, "ask Google's support what it is about"}, true
	case "CLOUD_KMS_KEY_ERROR":
		return meaning{preflight.Blocker, "the key of Cloud KMS that encrypts Secrets can't be used; a new API server can't read them", "enable the key, and let GKE's service agent encrypt and decrypt by it"}, true
	case "CLOUD_KMS_KEY_DESTROYED":
		return meaning{preflight.Blocker, "the key of Cloud KMS that encrypts Secrets was destroyed, and what it encrypted is lost with it", "restore the key version if it is only scheduled for destruction"}, true
	case "CA_EXPIRING":
		return meaning{preflight.Warning, "the cluster's certificate authority ends soon; GKE then rotates credentials by itself, whatever window there is", "rotate the credentials first"}, true
	}
	if rpcCode(c.Code) {
		if neverReady(c.Message) {
			return meaning{preflight.Warning, neverReadyMeans, "see what is found on webhooks and policies in this report"}, true
		}
		return meaning{preflight.Warning, cmp.Or(c.Message, "GKE gives no message"), "put it right before the upgrade"}, true
	}
	return meaning{}, false
}

// rpcCode reports whether a code is one of google.rpc.Code. OK stands for a
// condition with no code at all, which is told by its message.
func rpcCode(code string) bool {
	switch code {
	case "OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED", "UNAUTHENTICATED",
		"RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS":
		return true
	}
	return false
}
