package plan

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/hashicorp/go-version"
	tfjson "github.com/hashicorp/terraform-json"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

const (
	clusterType  = "google_container_cluster"
	nodePoolType = "google_container_node_pool"
)

// A change is one resource's change, read.
type change struct {
	before, after, unknown, sensitive values
	up                                Upgrade
}

func changeOf(r *tfjson.ResourceChange) change {
	c := change{up: Upgrade{Address: r.Address}}
	c.before, _ = r.Change.Before.(map[string]any)
	c.after, _ = r.Change.After.(map[string]any)
	c.unknown, _ = r.Change.AfterUnknown.(map[string]any)
	c.sensitive, _ = r.Change.AfterSensitive.(map[string]any)
	was, _ := r.Change.BeforeSensitive.(map[string]any)
	all := values{}
	for _, k := range keys(c.before, c.after, c.sensitive, was) {
		switch {
		case r.Change.AfterSensitive == true, r.Change.BeforeSensitive == true, anyTrue(was[k]):
			all[k] = true
		default:
			all[k] = c.sensitive[k]
		}
	}
	c.sensitive = all
	if r.Change.AfterUnknown == true {
		c.after = c.before
		c.unknown = values{"min_master_version": true, "release_channel": true, "node_version": true, "version": true, "node_pool": true}
	}
	return c
}

// upgradeBy returns what a change upgrades; false if nothing.
func upgradeBy(r *tfjson.ResourceChange, possible []era) (Upgrade, bool) {
	c := changeOf(r)
	actions := r.Change.Actions
	replaced := actions.Replace()
	if actions.NoOp() || actions.Create() || actions.Read() || leaves(actions) {
		return Upgrade{}, false
	}
	c.name(r.Type)
	switch {
	case !isResource(r.Change.Before), !isResource(r.Change.After):
		c.adds("the plan does not tell the change", ControlPlane)
		c.up.Unknown = append(c.up.Unknown, "the change")
	case actions.Delete():
		return c.deletion(r)
	case !replaced && !actions.Update():
		c.adds(fmt.Sprintf("actions %q, which this version does not know", actions), ControlPlane)
		c.up.Unknown = append(c.up.Unknown, "what the actions do")
	case replaced && r.Type == clusterType:
		c.adds("the cluster is deleted, with all that runs on it, and made anew"+because(r)+c.refused(), Recreation)
	case replaced:
		c.adds("the node pool is deleted, and made anew"+because(r), Nodes)
		c.up.Pools = []facts.PoolChange{{Name: c.up.NodePool, Version: c.after.str("version"), From: c.before.str("version")}}
	case r.Type == clusterType:
		c.cluster()
	default:
		c.pool()
	}
	if !replaced {
		c.waits(r.Type, possible)
	}
	return c.up, len(c.up.Kinds) > 0
}

// isResource reports whether x can be a resource, or that there is none.
func isResource(x any) bool {
	_, ok := x.(map[string]any)
	return ok || x == nil
}

// leaves reports whether what runs is left as it is, and is not Terraform's any more; if
// another is made, that is a new one.
func leaves(actions tfjson.Actions) bool {
	return slices.Contains(actions, tfjson.ActionForget) && !slices.ContainsFunc(actions, func(a tfjson.Action) bool {
		return a != tfjson.ActionForget && a != tfjson.ActionCreate
	})
}

// cluster reads the update of a cluster.
func (c *change) cluster() {
	c.version("min_master_version", c.before.str("master_version"), ControlPlane)
	c.moves()
	c.emulates()
	c.version("node_version", "", Nodes)
	c.nodePools()
	c.attributes(clusterKnowledge)
	if !c.before.has("remove_default_node_pool") && c.after.has("remove_default_node_pool") {
		c.adds("remove_default_node_pool true: default-pool is deleted, and what runs there starts anew elsewhere", Nodes)
	}
	for i := range c.up.Pools {
		c.up.Pools[i].BeforeControlPlane = c.up.Pools[i].BeforeControlPlane && c.up.Replaces(ControlPlane)
	}
}

// pool reads the update of a node pool.
func (c *change) pool() {
	p := facts.PoolChange{Name: c.up.NodePool, From: c.before.str("version")}
	if c.version("version", "", Nodes) {
		p.Version = c.after.str("version")
	}
	c.attributes(poolKnowledge)
	if c.up.Replaces(Nodes) {
		c.up.Pools = append(c.up.Pools, p)
	}
}

func because(r *tfjson.ResourceChange) string {
	var attributes []string
	for _, path := range r.Change.ReplacePaths {
		if steps, ok := path.([]any); ok && len(steps) > 0 {
			attributes = append(attributes, fmt.Sprint(steps[0]))
		}
	}
	switch {
	case len(attributes) > 0:
		slices.Sort(attributes)
		return " (by " + strings.Join(slices.Compact(attributes), ", ") + ")"
	case r.ActionReason == tfjson.ActionReasonReplaceByTriggers:
		return " (by replace_triggered_by)"
	case r.ActionReason == tfjson.ActionReasonReplaceByRequest:
		return " (as asked for by -replace)"
	case r.ActionReason == tfjson.ActionReasonReplaceBecauseTainted:
		return " (it is tainted)"
	}
	return ""
}

func (c *change) adds(what string, kinds ...Kind) {
	for _, k := range kinds {
		if !slices.Contains(c.up.Kinds, k) {
			c.up.Kinds = append(c.up.Kinds, k)
		}
	}
	c.up.Changes = append(c.up.Changes, what)
}

// name fills in the cluster: as it is before, for that is the one that runs.
func (c *change) name(kind string) {
	pool := kind == nodePoolType
	c.up.Project, c.up.Location, c.up.Cluster = clusterOf(c.before, pool)
	if pool {
		c.up.NodePool = c.before.str("name")
	}
	if c.up.Project == "" || c.up.Location == "" || c.up.Cluster == "" {
		c.up.Unknown = append(c.up.Unknown, "which cluster it is: the plan lacks its project, location or name")
	}
}

// full is the name of a cluster as the GKE API writes it, alone, within a link, or as
// the beginning of a node pool's.
var full = regexp.MustCompile(`(?:^|/)projects/([^/]+)/(?:locations|zones)/([^/]+)/clusters/([^/]+)`)

// clusterOf reads the cluster that a resource is, or belongs to. A self_link and an ID
// stand for all three; what a resource does not say stands in its own ID.
func clusterOf(v values, pool bool) (project, location, cluster string) {
	project, location, cluster = v.str("project"), v.str("location"), v.str("name")
	if pool {
		cluster = v.str("cluster")
	}
	if m := full.FindStringSubmatch(cluster); m != nil {
		return m[1], m[2], m[3]
	}
	for _, m := range [][]string{full.FindStringSubmatch(v.str("id")), full.FindStringSubmatch(v.str("self_link"))} {
		if m != nil {
			project, location, cluster = or(project, m[1]), or(location, m[2]), or(cluster, m[3])
		}
	}
	return project, location, cluster
}

func or(a, b string) string {
	if a == "" {
		return b
	}
	return a
}

// version reads an attribute that asks for a version, and reports whether it asks for
// another. running is what there is already, where the attribute is a minimum: nothing
// happens up to it.
func (c *change) version(attribute, running string, kind Kind) bool {
	from, to := c.before.str(attribute), c.after.str(attribute)
	switch {
	case c.unknown.has(attribute):
		c.adds(differences(attribute, from, nil, true, nil), kind)
		c.up.Unknown = append(c.up.Unknown, attribute)
		return false
	case !c.after.isText(attribute) && !same(c.before[attribute], c.after[attribute]):
		c.adds(differences(attribute, c.before[attribute], c.after[attribute], nil, c.sensitive[attribute]), kind)
		c.up.Unknown = append(c.up.Unknown, attribute+", which is no text in this plan")
		return false
	case to == "" || to == from || reached(to, running):
		return false
	}
	c.adds(differences(attribute, from, to, nil, c.sensitive[attribute]), kind)
	switch attribute {
	case "min_master_version":
		c.up.Target = to
	case "node_version":
		c.up.Pools = append(c.up.Pools, facts.PoolChange{Name: "default-pool", Version: to, From: from})
	}
	return true
}

// reached reports whether a minimum of that version asks for nothing more than what
// runs, as the provider decides it, with the same library: 1.36.3 is newer than
// 1.36.3-gke.100 (resourceContainerClusterUpdate in resource_container_cluster.go).
func reached(minimum, running string) bool {
	m, err := version.NewVersion(minimum)
	r, failed := version.NewVersion(running)
	return err == nil && failed == nil && !r.LessThan(m)
}

// moves reads a change of the release channel: GKE then upgrades to what that offers.
func (c *change) moves() {
	from, to := c.before.block("release_channel").str("channel"), c.after.block("release_channel").str("channel")
	switch {
	case c.unknown.has("release_channel"):
		c.adds(fmt.Sprintf("release channel %s -> known after apply", orNone(from)), ControlPlane)
		c.up.Unknown = append(c.up.Unknown, "release_channel")
	case to == from || to == "" || to == "UNSPECIFIED":
	default:
		c.adds(fmt.Sprintf("release channel %s -> %s, to whose version GKE will upgrade", orNone(from), to), ControlPlane)
		if c.up.Target == "" {
			c.up.Target = strings.ToLower(to)
		}
	}
}

// emulates reads the second step of a two-step upgrade: the control plane starts anew
// with the API of the minor that runs, or of another.
func (c *change) emulates() {
	const attribute = "desired_emulated_version"
	from, to := c.before.str(attribute), c.after.str(attribute)
	emulated, err := version.NewVersion(c.before.str("emulated_version"))
	minor, failed := version.NewVersion(to)
	switch {
	case c.unknown.has(attribute):
		c.adds(differences(attribute, from, nil, true, nil), ControlPlane)
		c.up.Unknown = append(c.up.Unknown, attribute)
	case from == to:
	case to == "":
		c.adds(differences(attribute, from, nil, nil, nil)+": the step that is open is completed when its soak period ends", ControlPlane)
	default:
		c.adds(differences(attribute, from, to, nil, nil)+": the two-step upgrade is completed", ControlPlane)
		if c.up.Target == "" && failed == nil && (err != nil || emulated.LessThan(minor)) {
			c.up.Target = to
		}
	}
}
