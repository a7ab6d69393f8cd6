package cluster

import (
	"fmt"
	"strings"

	"github.com/gke-preflight/gke-preflight/checks/finding"
	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/remedy"
)

var clusterBusyOrBroken = preflight.Check{
	ID:       "GP501",
	Name:     "cluster-busy-or-broken",
	Title:    "The cluster is in a state that refuses or endangers an upgrade",
	Severity: preflight.Blocker,
	Needs:    []facts.Fact{facts.GKECluster, facts.GKEOperations},
	Run: func(s *facts.Snapshot) []preflight.Finding {
		c := facts.GKECluster.Of(s)
		status := finding.EvidenceOf(facts.GKECluster, c.Status, "", "/status")
		f := preflight.Finding{Severity: preflight.Blocker, Subject: finding.ClusterSubject(s)}
		meaning, known := clusterState(c.Status)
		under := inTheWay(s)
		switch {
		case !known:
			f.Undecided = fmt.Sprintf("cluster %s is in state %s, which this version of gke-preflight does not know", c.Name, c.Status)
			return []preflight.Finding{f}
		case meaning != "":
			f.Summary = fmt.Sprintf("cluster %s is %s: %s", c.Name, c.Status, meaning)
			if len(under.words) > 0 {
				f.Summary += "; " + strings.Join(under.words, "; ")
			}
		case len(under.words) > 0:
			f.Summary = fmt.Sprintf("cluster %s: %s; GKE refuses an upgrade until that is over", c.Name, strings.Join(under.words, "; "))
		default:
			return under.open
		}
		f.Evidence = append([]preflight.Evidence{status}, under.evidence...)
		f.Steps = remedy.Do("see what is running or wrong, and wait for it or put it right", finding.OperationsOf(s, "status!=DONE"))
		return append([]preflight.Finding{f}, under.open...)
	},
}

// clusterState says what a Cluster_Status means for an upgrade, empty where it
// means no harm (containerpb cluster_service.proto).
func clusterState(status string) (meaning string, known bool) {
	switch status {
	case "RUNNING":
		return "", true
	case "RECONCILING":
		return "GKE is working on it and refuses an upgrade until that is over", true
	case "PROVISIONING":
		return "it is still being created", true
	case "STOPPING":
		return "it is being deleted", true
	case "ERROR":
		return "it is unusable", true
	case "DEGRADED":
		return "it needs something done first", true
	}
	return "", false
}

// held is what is under way on the cluster.
type held struct {
	words    []string
	evidence []preflight.Evidence
	open     []preflight.Finding
}

// inTheWay finds the operations under way beside which GKE starts no other; one of
// a type that this version does not know may be such a one.
func inTheWay(s *facts.Snapshot) (h held) {
	for i, o := range facts.GKEOperations.Of(s) {
		switch {
		case !underWay(o) || o.Type == autoRepair:
		case operationWords(o.Type) == "":
			h.open = append(h.open, preflight.Finding{Severity: preflight.Blocker, Subject: preflight.Subject{Kind: "Operation", Name: o.Name}, Undecided: describeOperation(s, o) + ": whether GKE refuses an upgrade beside it is not known"})
		default:
			h.words = append(h.words, describeOperation(s, o))
			h.evidence = append(h.evidence, operationEvidence(i, o))
		}
	}
	return h
}
