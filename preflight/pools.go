package preflight

import (
	"slices"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// PoolsOf are the names of the node pools, sorted, as GKE tells them or else their nodes'
// labels; none where neither was seen.
func PoolsOf(s *facts.Snapshot) (names []string) {
	if pools, known := facts.GKENodePools.Get(s); known {
		for _, p := range pools {
			names = append(names, p.Name)
		}
	} else {
		nodes, _ := facts.Nodes.Get(s)
		for _, n := range nodes {
			if n.Pool != "" {
				names = append(names, n.Pool)
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// within are the results without what they found of other node pools; all of it where no
// pools are named.
func within(s *facts.Snapshot, results []Result, pools []string) []Result {
	if len(pools) == 0 {
		return results
	}
	results = slices.Clone(results)
	for n, r := range results {
		elsewhere := func(f Finding) bool { return !onPools(s, r.Check, f.Subject, pools) }
		if r.Findings == nil && r.Open == nil {
			continue
		}
		r.Findings, r.Open = slices.DeleteFunc(slices.Clone(r.Findings), elsewhere), slices.DeleteFunc(slices.Clone(r.Open), elsewhere)
		if r.Status == Undecided && len(r.Open) == 0 && r.See == "" {
			r.Status, r.Reason = Pass, ""
		}
		results[n] = r
	}
	return results
}

// onPools reports whether a subject of c may stand in the way of these node pools'
// upgrade, of any where none is named: false only for what is known to be on others alone,
// and stands in the way of nodes alone.
func onPools(s *facts.Snapshot, c Check, of Subject, pools []string) bool {
	if len(pools) == 0 || c.Concerns(ControlPlaneStep) {
		return true
	}
	where := whereabouts.Of(s)
	switch of.Kind {
	case "NodePool":
		return slices.Contains(pools, of.Name) || !slices.Contains(where.pools, of.Name)
	case "Node":
		pool, known := where.nodes[of.Name]
		return !known || pool == "" || slices.Contains(pools, pool)
	case "PodDisruptionBudget":
		return runsOn(pools, where.namespaces[of.Namespace])
	}
	return runsOn(pools, where.groups[groupName{of.Kind, of.Namespace, of.Name}])
}

// runsOn reports whether any of the Pods is on one of the pools, or may be: where there are
// none, or it was not seen where they are.
func runsOn(pools []string, groups []facts.PodGroup) bool {
	return len(groups) == 0 || slices.ContainsFunc(groups, func(g facts.PodGroup) bool {
		return g.Pools == nil || slices.ContainsFunc(pools, func(p string) bool { return g.Pools[p] > 0 })
	})
}

type groupName struct{ kind, namespace, name string }

// places are where things are: what each finding is asked about, for each pool.
type places struct {
	pools      []string
	nodes      map[string]string
	groups     map[groupName][]facts.PodGroup
	namespaces map[string][]facts.PodGroup
}

var whereabouts = &facts.Derivation[places]{Compute: func(s *facts.Snapshot) places {
	p := places{PoolsOf(s), map[string]string{}, map[groupName][]facts.PodGroup{}, map[string][]facts.PodGroup{}}
	nodes, _ := facts.Nodes.Get(s)
	for _, n := range nodes {
		p.nodes[n.Name] = n.Pool
	}
	groups, _ := facts.PodGroups.Get(s)
	for _, g := range groups {
		name := groupName{g.Kind, g.Namespace, g.Name}
		p.groups[name] = append(p.groups[name], g)
		p.namespaces[g.Namespace] = append(p.namespaces[g.Namespace], g)
	}
	return p
}}
