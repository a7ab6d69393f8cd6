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
	switch of.Kind {
	case "NodePool":
		return slices.Contains(pools, of.Name) || !slices.Contains(PoolsOf(s), of.Name)
	case "Node":
		nodes, _ := facts.Nodes.Get(s)
		i := slices.IndexFunc(nodes, func(n facts.Node) bool { return n.Name == of.Name })
		return i < 0 || nodes[i].Pool == "" || slices.Contains(pools, nodes[i].Pool)
	case "PodDisruptionBudget":
		return runsOn(s, pools, func(g facts.PodGroup) bool { return g.Namespace == of.Namespace })
	}
	return runsOn(s, pools, func(g facts.PodGroup) bool {
		return g.Kind == of.Kind && g.Namespace == of.Namespace && g.Name == of.Name
	})
}

// runsOn reports whether any of the Pods that are meant is on one of the pools, or may be:
// where there are none, or it was not seen where they are.
func runsOn(s *facts.Snapshot, pools []string, meant func(facts.PodGroup) bool) bool {
	groups, _ := facts.PodGroups.Get(s)
	found := false
	for _, g := range groups {
		if !meant(g) {
			continue
		}
		found = true
		if g.Pools == nil || slices.ContainsFunc(pools, func(p string) bool { return g.Pools[p] > 0 }) {
			return true
		}
	}
	return !found
}
