package forecast

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// nodes says which nodes an API outage would expose to auto-repair.
func nodes(s *facts.Snapshot) Nodes {
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
	return n
}
