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

// PoolsUnseen are those of the named node pools that are none of [PoolsOf], sorted and each
// once.
func PoolsUnseen(s *facts.Snapshot, names ...string) []string {
	there := whereabouts.Of(s).pools
	unseen := slices.DeleteFunc(slices.Clone(names), func(name string) bool { return slices.Contains(there, name) })
	slices.Sort(unseen)
	return slices.Compact(unseen)
}

// AskedUnseen are the [PoolsUnseen] of what the verdict is about.
func AskedUnseen(s *facts.Snapshot) []string {
	a := asked.Of(s)
	return PoolsUnseen(s, slices.Concat(a.Pools, a.Named)...)
}

// onNodes are the results on the upgrade of these node pools, of all where none is named:
// without what they found of others, and as severe as it is for nodes.
func onNodes(s *facts.Snapshot, results []Result, pools []string) (all []Result) {
	for _, r := range results {
		concerned := r.Check.Concerns(NodesStep)
		if r.Findings == nil && r.Open == nil {
			if concerned {
				all = append(all, r)
			}
			continue
		}
		r.Findings, r.Open = r.Check.findingsOfNodes(s, r.Findings, pools), r.Check.findingsOfNodes(s, r.Open, pools)
		if r.Status == Undecided && len(r.Open) == 0 && r.See == "" {
			r.Status, r.Reason = Pass, ""
		}
		if concerned || r.Findings != nil || r.Open != nil {
			all = append(all, r)
		}
	}
	return all
}

func (c Check) findingsOfNodes(s *facts.Snapshot, fs []Finding, pools []string) (kept []Finding) {
	for _, f := range fs {
		if severity, concerned := c.ofNodes(s, f, pools); concerned {
			f.Severity = severity
			kept = append(kept, f)
		}
	}
	return kept
}

// ofNodes is how severe f is for the upgrade of these node pools, of all where none is
// named; false where it is no concern of theirs.
func (c Check) ofNodes(s *facts.Snapshot, f Finding, pools []string) (Severity, bool) {
	here := len(pools) == 0 || len(f.Pools) == 0 || slices.ContainsFunc(f.Pools, func(p string) bool { return slices.Contains(pools, p) })
	switch {
	case !c.Concerns(NodesStep):
		return f.OfNodes, here && f.OfNodes > Info
	case !c.Concerns(ControlPlaneStep):
		return max(f.Severity, f.OfNodes), here && onPools(s, c, f.Subject, pools)
	case here:
		return max(f.Severity, f.OfNodes), true
	}
	return f.Severity, true
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
