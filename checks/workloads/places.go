package workloads

import (
	"fmt"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// places are the nodes that pods may be on, by node pool.
type places struct {
	pools map[string]facts.NodePool
	// nodes counts those that take pods, zoned those of each zone.
	nodes map[string]int
	zoned map[string]map[string]int
}

func placesOf(s *facts.Snapshot) places {
	p := places{map[string]facts.NodePool{}, map[string]int{}, map[string]map[string]int{}}
	for _, pool := range facts.GKENodePools.Of(s) {
		p.pools[pool.Name] = pool
	}
	for _, n := range facts.Nodes.Of(s) {
		if n.Unschedulable {
			continue
		}
		p.nodes[n.Pool]++
		if p.zoned[n.Pool] == nil {
			p.zoned[n.Pool] = map[string]int{}
		}
		p.zoned[n.Pool][n.Zone]++
	}
	return p
}

// room is how many nodes the pods may go to, and how many of them are in each zone.
func (p places) room(d detailed) (nodes int, zones map[string]int) {
	zones = map[string]int{}
	for _, place := range d.Places {
		nodes += int(place.Nodes)
		zones[place.Zone] += int(place.Nodes)
	}
	if d.Placed {
		return nodes, zones
	}
	for pool := range d.Pools {
		nodes += p.nodes[pool]
		for zone, n := range p.zoned[pool] {
			zones[zone] += n
		}
	}
	return nodes, zones
}

// elsewhere reports whether the pods may go to a pool that they are not in, for all that is
// known: recordings of earlier versions don't tell.
func (p places) elsewhere(d detailed) bool {
	for pool, n := range p.nodes {
		if _, in := d.Pools[pool]; !in && n > 0 && !d.Placed {
			return true
		}
	}
	return false
}

// short is the field of the details because of which one of the pods has no other node
// among those that they may go to, of whatever pool; empty where they have. Where that is
// not known, those of the pools that they are in are taken.
func (p places) short(d detailed) (field string, value any, because string) {
	nodes, zones := p.room(d)
	alone := slices.Contains(slices.Collect(maps.Values(zones)), 1)
	pods := int(d.group.Pods)
	oneEach := pods >= nodes
	oneZone := pods >= len(zones) && alone
	switch {
	case nodes == 0 || d.Kind == "DaemonSet":
		return "", nil, ""
	case d.HostPort != 0 && oneEach:
		return "hostPort", d.HostPort, fmt.Sprintf("each takes port %d of its node: %d pods, %d nodes", d.HostPort, pods, nodes)
	case slices.Contains(d.Apart, corev1.LabelHostname) && oneEach:
		return "apart", d.Apart, fmt.Sprintf("required anti-affinity: %d pods, %d nodes", pods, nodes)
	case slices.Contains(d.Apart, corev1.LabelTopologyZone) && oneZone:
		return "apart", d.Apart, fmt.Sprintf("required anti-affinity by zone: %d pods, %d zones, one of which has a single node", pods, len(zones))
	case slices.Contains(d.Spread, corev1.LabelHostname) && oneEach:
		return "spread", d.Spread, fmt.Sprintf("spread over nodes by DoNotSchedule: %d pods, %d nodes", pods, nodes)
	case slices.Contains(d.Spread, corev1.LabelTopologyZone) && oneZone:
		return "spread", d.Spread, fmt.Sprintf("spread over zones by DoNotSchedule: %d pods, %d zones, one of which has a single node", pods, len(zones))
	}
	return "", nil, ""
}

// noneFirst is a pool of the group whose upgrade adds no node before it takes one; empty if
// there is none.
func (p places) noneFirst(g group) string {
	for _, pool := range slices.Sorted(maps.Keys(g.Pools)) {
		if takesFirst(p.pools[pool]) {
			return pool
		}
	}
	return ""
}

// takesFirst reports whether an upgrade of the pool takes nodes away before it adds any.
func takesFirst(p facts.NodePool) bool {
	surge := p.Upgrade.Strategy == "" || p.Upgrade.Strategy == "SURGE"
	return surge && p.Upgrade.MaxSurge == 0 && p.Upgrade.MaxUnavailable > 0
}
