package facts

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// A PoolDoubt is a node pool of which GKE and the cluster tell different things.
type PoolDoubt struct {
	Pool string
	// Why is what they tell, for a person.
	Why string
}

// PoolDoubts are where GKE's list of node pools and the cluster's nodes contradict each
// other, by name: pools of nodes that GKE does not list, and pools that should have nodes
// and have none. None where they agree, and where either was not read.
func PoolDoubts(s *Snapshot) (doubts []PoolDoubt) {
	pools, listed := GKENodePools.Get(s)
	nodes, read := Nodes.Get(s)
	if !listed || !read {
		return nil
	}
	sizes := map[string]int{}
	for _, n := range nodes {
		sizes[n.Pool]++
	}
	delete(sizes, "")
	unlisted := maps.Clone(sizes)
	for _, p := range pools {
		delete(unlisted, p.Name)
	}
	strangers := slices.Sorted(maps.Keys(unlisted))
	for _, name := range strangers {
		doubts = append(doubts, PoolDoubt{name, fmt.Sprintf("node pool %s has nodes in the cluster (%d), and is not in GKE's list of node pools: what an upgrade does to them is not known", name, unlisted[name])})
	}
	pods := podsByPool(s)
	for _, p := range pools {
		why := ""
		switch {
		case sizes[p.Name] > 0:
		case pods[p.Name] > 0:
			why = fmt.Sprintf("%d Pods run on node pool %s, and no node of it was seen", pods[p.Name], p.Name)
		case p.Autoscaling.Enabled && max(p.Autoscaling.Min, p.Autoscaling.TotalMin) > 0 && p.Status == "RUNNING":
			why = fmt.Sprintf("the autoscaler leaves node pool %s no fewer nodes than %d, and no node of it was seen", p.Name, max(p.Autoscaling.Min, p.Autoscaling.TotalMin))
		case strangers != nil:
			why = fmt.Sprintf("no node of node pool %s was seen, and there are nodes of pools that GKE does not list (%s)", p.Name, strings.Join(strangers, ", "))
		}
		if why != "" {
			doubts = append(doubts, PoolDoubt{p.Name, why + ": what its upgrade does to them is not known"})
		}
	}
	return doubts
}

// podsByPool counts the Pods of each node pool; none where they were not read.
func podsByPool(s *Snapshot) map[string]int32 {
	pods := map[string]int32{}
	groups, _ := PodGroups.Get(s)
	for _, g := range groups {
		for pool, n := range g.Pools {
			pods[pool] += n
		}
	}
	return pods
}
