package forecast

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

const (
	autoRepairPage = "cloud.google.com/kubernetes-engine/docs/how-to/node-auto-repair"
	leasePage      = "kubernetes.io/docs/concepts/architecture/nodes/#node-heartbeats"
)

// nodes says which nodes an API outage would expose to auto-repair.
func nodes(s *facts.Snapshot, o Outcome) Nodes {
	n := Nodes{Total: -1, Exposed: -1}
	all, ok := facts.Nodes.Get(s)
	if !ok {
		a, _ := s.Absence(facts.Nodes)
		n.Reason = fmt.Sprintf("could not read nodes (%s)", a)
		return n
	}
	n.Total = len(all)
	pools, ok := facts.GKENodePools.Get(s)
	if !ok {
		a, _ := s.Absence(facts.GKENodePools)
		n.Reason = fmt.Sprintf("whether node pools have auto-repair is unknown: could not read gke-node-pools (%s)", a)
		n.Chain = chain(n, o)
		return n
	}
	count := map[string]int{}
	for _, node := range all {
		count[node.Pool]++
	}
	n.Exposed = 0
	for _, p := range pools {
		if p.AutoRepair {
			n.Pools = append(n.Pools, Pool{p.Name, count[p.Name]})
			n.Exposed += count[p.Name]
		}
	}
	slices.SortFunc(n.Pools, func(a, b Pool) int { return cmp.Compare(a.Name, b.Name) })
	n.Chain = chain(n, o)
	return n
}

// chain is what follows once no replica answers. On a regional cluster the
// replicas of the old version keep serving for as long as they live.
func chain(n Nodes, o Outcome) []Event {
	if !o.Fails() {
		return nil
	}
	exposed := fmt.Sprintf("auto-repair begins to drain and recreate nodes: %d of %d are in pools that have it", n.Exposed, n.Total)
	if n.Exposed < 0 {
		exposed = fmt.Sprintf("auto-repair, where a node pool has it, begins to drain and recreate its nodes (%d nodes in the cluster)", n.Total)
	}
	return []Event{
		{0, "the upgrade halts; where no replica of the old version is left, or those that are left are overloaded, the API is gone", "cloud.google.com/kubernetes-engine/docs/troubleshooting/upgrades"},
		{50, "kubelets can't renew their leases; nodes count as NotReady as soon as a controller can see it", leasePage},
		{600, exposed, autoRepairPage},
		{4200, "an hour after a repair's drain began the node is deleted, whatever its PodDisruptionBudgets say; new nodes can't join while the API is away, and the repair repeats", autoRepairPage},
	}
}
