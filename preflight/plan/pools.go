package plan

import (
	"fmt"
	"slices"

	tfjson "github.com/hashicorp/terraform-json"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// nodePools reads the node pools that stand within the cluster. One that is new is no
// upgrade; what runs in one that goes must start anew elsewhere.
func (c *change) nodePools() {
	if c.unknown["node_pool"] == true {
		c.adds("node_pool -> known after apply", Nodes)
		c.up.Unknown = append(c.up.Unknown, "node_pool")
		return
	}
	before, after, unknown := c.before.blocks("node_pool"), c.after.blocks("node_pool"), c.unknown.blocks("node_pool")
	sensitive := c.sensitive["node_pool"]
	for i, will := range after {
		name := will.str("name")
		n := slices.IndexFunc(before, func(was values) bool { return was.str("name") == name })
		if n < 0 || name == "" {
			continue
		}
		p := change{before: before[n], after: will, sensitive: values{}, up: Upgrade{NodePool: name}}
		if i < len(unknown) {
			p.unknown = unknown[i]
		}
		for _, k := range keys(before[n], will) {
			p.sensitive[k] = below(below(sensitive, "", i), k, -1)
		}
		p.pool()
		c.within("node pool "+name, p.up)
	}
	if _, told := c.after["node_pool"]; !told {
		return
	}
	for _, was := range before {
		name := was.str("name")
		if !slices.ContainsFunc(after, func(will values) bool { return will.str("name") == name || will.str("name") == "" }) {
			c.adds("node pool "+name+" is deleted: what runs there starts anew elsewhere", Nodes)
		}
	}
}

// within adds what is read of a node pool that stands within the cluster.
func (c *change) within(pool string, p Upgrade) {
	for _, what := range p.Changes {
		c.adds(pool+": "+what, Nodes)
	}
	for _, what := range p.Unknown {
		c.up.Unknown = append(c.up.Unknown, what+" of "+pool)
	}
	for _, change := range p.Pools {
		change.BeforeControlPlane = true
		c.up.Pools = append(c.up.Pools, change)
	}
}

// deletion is that of a cluster, or of a node pool, where the provider makes it.
func (c *change) deletion(r *tfjson.ResourceChange) (Upgrade, bool) {
	if c.before.str("deletion_policy") == "ABANDON" {
		return Upgrade{}, false
	}
	of := ""
	if r.DeposedKey != "" {
		of = " (deposed: what an earlier apply left over)"
	}
	if r.Type == clusterType {
		c.adds("the cluster is deleted, with all that runs on it"+of+c.refused(), Deletion)
	} else {
		c.adds("the node pool is deleted"+of+": what runs there starts anew elsewhere", Nodes)
	}
	return c.up, true
}

// refused says where the provider itself deletes no such cluster.
func (c *change) refused() string {
	switch {
	case c.before.has("deletion_protection"):
		return "; the provider refuses that, as deletion_protection is on"
	case c.before.str("deletion_policy") == "PREVENT":
		return "; the provider refuses that, as deletion_policy is PREVENT"
	}
	return ""
}

// besideControlPlane completes changes of node pools by what the plan does to their
// control plane: what that runs by then may only be known after apply, and where it is
// moved to another channel GKE upgrades it later.
func besideControlPlane(all []Upgrade) []Upgrade {
	for i, u := range all {
		n := slices.IndexFunc(all, func(c Upgrade) bool {
			return c.NodePool == "" && c.cluster() == u.cluster() && c.Replaces(ControlPlane)
		})
		if n < 0 {
			continue
		}
		for p, pool := range u.Pools {
			all[i].Pools[p].BeforeControlPlane = pool.BeforeControlPlane || all[n].byChannel()
			if pool.Version != "" && u.NodePool != "" && all[n].Target == "" && all[n].Unknown != nil {
				all[i].Unknown = append(all[i].Unknown, "which version its control plane runs by then")
			}
		}
	}
	return all
}

// byChannel reports whether the control plane is upgraded to what its channel has.
func (u Upgrade) byChannel() bool {
	return slices.Contains([]string{"rapid", "regular", "stable", "extended"}, u.Target)
}

// pools completes deletions of node pools: what is made in the same cluster instead is
// named, and those of a cluster that is deleted itself are left out.
func (d document) pools(all []Upgrade) []Upgrade {
	type pool struct{ address, name, version, project, location, cluster string }
	var made []pool
	for _, r := range d.ResourceChanges {
		if r.ResourceChange != nil && r.Change != nil && r.Type == nodePoolType && r.Change.Actions.Create() {
			v, _ := r.Change.After.(map[string]any)
			p := pool{address: r.Address, name: values(v).str("name"), version: values(v).str("version")}
			p.project, p.location, p.cluster = clusterOf(v, true)
			made = append(made, p)
		}
	}
	ended := map[string]bool{}
	for _, u := range all {
		if u.ends() {
			ended[u.cluster()] = true
		}
	}
	all = slices.DeleteFunc(all, func(u Upgrade) bool { return u.NodePool != "" && ended[u.cluster()] })
	for i, u := range all {
		if u.NodePool == "" || len(u.Pools) > 0 || !u.Replaces(Nodes) {
			continue
		}
		for _, p := range made {
			if p.cluster == u.Cluster && or(p.location, u.Location) == u.Location && or(p.project, u.Project) == u.Project {
				all[i].Changes = append(all[i].Changes, fmt.Sprintf("%s makes node pool %s in the same cluster", p.address, orNone(p.name)))
				all[i].Pools = append(all[i].Pools, facts.PoolChange{Name: p.name, Version: p.version})
			}
		}
	}
	return all
}
