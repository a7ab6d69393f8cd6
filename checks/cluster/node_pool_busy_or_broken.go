package cluster

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/gke-preflight/gke-preflight/checks/finding"
	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/remedy"
)

var nodePoolBusyOrBroken = preflight.Check{
	ID:       "GP502",
	Name:     "node-pool-busy-or-broken",
	Title:    "A node pool is in a state that refuses or endangers an upgrade",
	Severity: preflight.Blocker,
	Steps:    []preflight.Step{preflight.NodesStep},
	Needs:    []facts.Fact{facts.GKENodePools},
	Uses:     []facts.Fact{facts.Nodes, facts.PodGroups},
	After:    []string{"GP511"},
	Run: func(s *facts.Snapshot) (fs []preflight.Finding) {
		for i, p := range facts.GKENodePools.Of(s) {
			meaning, severity, known := poolState(p.Status)
			f := preflight.Finding{Severity: severity, Subject: finding.PoolSubject(p)}
			phase, phaseKnown := blueGreenPhase(p.BlueGreenPhase)
			switch {
			case !known:
				f.Undecided = fmt.Sprintf("node pool %s is in state %s, which this version of gke-preflight does not know", p.Name, p.Status)
			case !phaseKnown:
				f.Undecided = fmt.Sprintf("node pool %s is in phase %s of a blue-green upgrade, which this version of gke-preflight does not know", p.Name, p.BlueGreenPhase)
			case phase != "":
				f.Summary = fmt.Sprintf("node pool %s is in the middle of a blue-green upgrade: %s; an upgrade of the control plane has to wait", p.Name, phase)
				f.Evidence = append(f.Evidence, finding.EvidenceOf(facts.GKENodePools, p.BlueGreenPhase, "", "/%d/blueGreenPhase", i))
				f.Steps = remedy.Do("let it finish").Or("complete it", finding.PoolCommand(s, "complete-upgrade", p.Name)).Or("roll it back", finding.PoolCommand(s, "rollback", p.Name))
			case meaning != "":
				f.Summary = fmt.Sprintf("node pool %s is %s: %s", p.Name, p.Status, meaning)
				f.Evidence = append(f.Evidence, finding.EvidenceOf(facts.GKENodePools, p.Status, "", "/%d/status", i))
				f.Steps = remedy.Do("put it right before the upgrade", finding.PoolCommand(s, "describe", p.Name))
			default:
				continue
			}
			fs = append(fs, f)
		}
		doubts := facts.PoolDoubts(s)
		for _, d := range doubts {
			fs = append(fs, preflight.Finding{Severity: preflight.Blocker, Subject: finding.PoolNamed(d.Pool), Undecided: d.Why})
		}
		for _, name := range preflight.AskedUnseen(s) {
			if !slices.ContainsFunc(doubts, func(d facts.PoolDoubt) bool { return d.Pool == name }) {
				fs = append(fs, preflight.Finding{Severity: preflight.Blocker, Subject: finding.PoolNamed(name), Undecided: noSuchPool(s, name)})
			}
		}
		return fs
	},
}

// noSuchPool says that a node pool is to be changed which the cluster was not seen to have.
func noSuchPool(s *facts.Snapshot, name string) string {
	has := cmp.Or(strings.Join(preflight.PoolsOf(s), ", "), "none")
	return fmt.Sprintf("node pool %s is to be changed, and the cluster had no such node pool when it was looked at: it had %s", name, has)
}

// poolState says what a NodePool_Status means, empty where it means no harm, and how
// severe that is for an upgrade of the pool itself (containerpb cluster_service.proto).
func poolState(status string) (meaning string, severity preflight.Severity, known bool) {
	switch status {
	case "RUNNING":
		return "", preflight.Warning, true
	case "PROVISIONING":
		return "it is still being created, and GKE refuses an upgrade until that is over", preflight.Blocker, true
	case "RUNNING_WITH_ERROR":
		return "some of its nodes may not work", preflight.Warning, true
	case "RECONCILING":
		return "GKE is working on it and refuses an upgrade until that is over", preflight.Blocker, true
	case "STOPPING":
		return "it is being deleted", preflight.Blocker, true
	case "ERROR":
		return "it is unusable", preflight.Blocker, true
	}
	return "", preflight.Blocker, false
}

// blueGreenPhase says what happens in a phase of a blue-green upgrade, empty where
// none is under way (containerpb cluster_service.proto, BlueGreenInfo.Phase).
func blueGreenPhase(phase string) (meaning string, known bool) {
	switch phase {
	case "":
		return "", true
	case "UPDATE_STARTED":
		return "it has begun", true
	case "CREATING_GREEN_POOL":
		return "the new nodes are being made", true
	case "CORDONING_BLUE_POOL":
		return "the old nodes are being cordoned", true
	case "DRAINING_BLUE_POOL":
		return "the old nodes are being drained", true
	case "NODE_POOL_SOAKING":
		return "the new nodes soak, and the old ones are kept", true
	case "DELETING_BLUE_POOL":
		return "the old nodes are being deleted", true
	case "ROLLBACK_STARTED":
		return "it is being rolled back", true
	}
	return "", false
}
