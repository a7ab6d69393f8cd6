package cluster

import (
	"fmt"
	"maps"
	"slices"

	"github.com/gke-preflight/gke-preflight/checks/finding"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// poolsOfLoss says on which node pools a controller's Pods were and are, ready or not: of
// those that are ready alone that is not recorded.
func poolsOfLoss(was, is facts.PodGroup) string {
	before, now := poolsNamed(was.Pools), poolsNamed(is.Pools)
	switch {
	case was.Pools == nil:
		return "; on which node pool its Pods were is not in the baseline"
	case is.Pods == 0:
		return fmt.Sprintf("; its Pods were on %s", before)
	case is.Pools == nil:
		return fmt.Sprintf("; its Pods were on %s, and on which node pool they are was not seen", before)
	case maps.Equal(was.Pools, is.Pools):
		return fmt.Sprintf("; its Pods are on %s", now)
	}
	return fmt.Sprintf("; its Pods were on %s, and are on %s", before, now)
}

// poolsOfLosses are the node pools that any of the controllers had Pods on, in words; empty
// where that is not in the baseline.
func poolsOfLosses(lost []facts.PodGroup) string {
	all := map[string]bool{}
	for _, g := range lost {
		for pool := range g.Pools {
			if pool != "" {
				all[pool] = true
			}
		}
	}
	if len(all) == 0 {
		return ""
	}
	return ", when they were on " + finding.NamesOf(slices.Sorted(maps.Keys(all)))
}

// poolsNamed are node pools with how many Pods are on each, such as "a (2), no node (1)".
func poolsNamed(pods map[string]int32) string {
	var all []string
	for _, pool := range slices.Sorted(maps.Keys(pods)) {
		name := pool
		if name == "" {
			name = "no node of a pool"
		}
		all = append(all, fmt.Sprintf("%s (%d)", name, pods[pool]))
	}
	return finding.NamesOf(all)
}

// fewerNodes is by how many Pods of the DaemonSet there may be fewer since there are fewer
// nodes of the pools that they were on; false where that was not seen.
func fewerNodes(s *facts.Snapshot, was, is facts.PodGroup) (int32, bool) {
	b := s.Meta.Before
	nodes, known := facts.Nodes.Get(s)
	if !known || b.Nodes == 0 || b.Pools == nil || was.Pools == nil || is.Pools == nil && is.Pods > 0 {
		return 0, false
	}
	now := facts.NodesByPool(nodes)
	var fewer int32
	for pool, n := range b.Pools {
		fewer += max(0, min(n-now[pool], was.Pools[pool]-is.Pools[pool]))
	}
	// The nodes of a pool that was replaced are gone, and others are there for them.
	return min(fewer, b.Nodes-int32(len(nodes))), true
}
