package plan

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/go-version"
	tfjson "github.com/hashicorp/terraform-json"
)

const (
	clusterType  = "google_container_cluster"
	nodePoolType = "google_container_node_pool"
)

// The provider's own timeouts for an update (google_container_cluster and
// google_container_node_pool, Timeouts).
const (
	clusterTimeout  = time.Hour
	nodePoolTimeout = 30 * time.Minute
)

// A values is what a resource is before, after, or which of it is unknown.
type values map[string]any

func (v values) str(name string) string {
	s, _ := v[name].(string)
	return s
}

// channel is that of the release_channel block; empty without one.
func (v values) channel() string {
	blocks, _ := v["release_channel"].([]any)
	if len(blocks) == 0 {
		return ""
	}
	block, _ := blocks[0].(map[string]any)
	s, _ := block["channel"].(string)
	return s
}

// unknown reports whether anything below the name is only known after apply.
func (v values) unknown(name string) bool { return anyTrue(v[name]) }

func anyTrue(x any) bool {
	switch x := x.(type) {
	case bool:
		return x
	case []any:
		return slices.ContainsFunc(x, anyTrue)
	case map[string]any:
		return slices.ContainsFunc(slices.Collect(maps.Values(x)), anyTrue)
	}
	return false
}

// A change is one resource's change, read.
type change struct {
	before, after, unknown values
	up                     Upgrade
}

// upgradeBy returns what a change upgrades; false if nothing.
func upgradeBy(r *tfjson.ResourceChange) (Upgrade, bool) {
	if !concerns(r) || r.Change == nil {
		return Upgrade{}, false
	}
	c := change{up: Upgrade{Address: r.Address}}
	c.before, _ = r.Change.Before.(map[string]any)
	c.after, _ = r.Change.After.(map[string]any)
	c.unknown, _ = r.Change.AfterUnknown.(map[string]any)
	if r.Change.AfterUnknown == true {
		c.unknown = values{"min_master_version": true, "release_channel": true, "node_version": true, "version": true, "node_pool": true}
	}
	actions := r.Change.Actions
	replaced := actions.Replace()
	if actions.NoOp() || actions.Create() || actions.Read() || actions.Delete() || actions.Forget() {
		return Upgrade{}, false
	}
	c.name(r.Type)
	switch {
	case !replaced && !actions.Update():
		c.adds(ControlPlane, fmt.Sprintf("actions %q, which this version does not know", actions))
		c.up.Unknown = append(c.up.Unknown, "what the actions do")
	case replaced && r.Type == clusterType:
		c.adds(Recreation, "the cluster is deleted, with all that runs on it, and made anew"+because(r))
	case replaced:
		c.adds(Nodes, "the node pool is deleted, and made anew"+because(r))
	case r.Type == clusterType:
		c.version("min_master_version", ControlPlane, c.before.str("master_version"))
		c.moves()
		c.version("node_version", Nodes, "")
		c.pools()
	default:
		c.version("version", Nodes, "")
	}
	c.waits(r.Type)
	return c.up, len(c.up.Kinds) > 0
}

func because(r *tfjson.ResourceChange) string {
	var attributes []string
	for _, path := range r.Change.ReplacePaths {
		if steps, ok := path.([]any); ok && len(steps) > 0 {
			attributes = append(attributes, fmt.Sprint(steps[0]))
		}
	}
	if len(attributes) == 0 {
		return ""
	}
	slices.Sort(attributes)
	return " (by " + strings.Join(slices.Compact(attributes), ", ") + ")"
}

func (c *change) adds(k Kind, what string) {
	if !slices.Contains(c.up.Kinds, k) {
		c.up.Kinds = append(c.up.Kinds, k)
	}
	c.up.Changes = append(c.up.Changes, what)
}

// name fills in the cluster: as it is before, for that is the one that runs.
func (c *change) name(kind string) {
	c.up.Project, c.up.Location = c.before.str("project"), c.before.str("location")
	if kind == clusterType {
		c.up.Cluster = c.before.str("name")
	} else {
		c.up.Cluster, c.up.NodePool = c.before.str("cluster"), c.before.str("name")
	}
	if parts := strings.Split(c.up.Cluster, "/"); len(parts) == 6 && parts[0] == "projects" && parts[4] == "clusters" {
		c.up.Project, c.up.Location, c.up.Cluster = parts[1], parts[3], parts[5]
	}
	if c.up.Project == "" || c.up.Location == "" || c.up.Cluster == "" {
		c.up.Unknown = append(c.up.Unknown, "which cluster it is: the plan lacks its project, location or name")
	}
}

// version reads an attribute that asks for a version. running is what there is
// already, where the attribute is a minimum: nothing happens up to it.
func (c *change) version(attribute string, kind Kind, running string) {
	from, to := c.before.str(attribute), c.after.str(attribute)
	switch {
	case c.unknown.unknown(attribute):
		c.adds(kind, fmt.Sprintf("%s %s -> known after apply", attribute, orNone(from)))
		c.up.Unknown = append(c.up.Unknown, attribute)
		return
	case to == "" || to == from || reached(to, running):
		return
	}
	c.adds(kind, fmt.Sprintf("%s %s -> %s", attribute, orNone(from), to))
	if kind == ControlPlane {
		c.up.Target = to
	}
}

// pools reads the node pools that stand within the cluster. One that is new, or goes,
// is no upgrade.
func (c *change) pools() {
	if c.unknown["node_pool"] == true {
		c.adds(Nodes, "node_pool -> known after apply")
		c.up.Unknown = append(c.up.Unknown, "node_pool")
	}
	before, after, unknown := c.before.blocks("node_pool"), c.after.blocks("node_pool"), c.unknown.blocks("node_pool")
	for i, will := range after {
		name := will.str("name")
		n := slices.IndexFunc(before, func(was values) bool { return was.str("name") == name })
		if n < 0 || name == "" {
			continue
		}
		p := change{before: before[n], after: will}
		if i < len(unknown) {
			p.unknown = unknown[i]
		}
		p.version("version", Nodes, "")
		for _, what := range p.up.Changes {
			c.adds(Nodes, "node pool "+name+": "+what)
		}
		for _, what := range p.up.Unknown {
			c.up.Unknown = append(c.up.Unknown, what+" of node pool "+name)
		}
	}
}

// blocks are the blocks of that name, an empty one for what is none.
func (v values) blocks(name string) []values {
	list, _ := v[name].([]any)
	all := make([]values, len(list))
	for i, block := range list {
		all[i], _ = block.(map[string]any)
	}
	return all
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
	from, to := c.before.channel(), c.after.channel()
	switch {
	case c.unknown.unknown("release_channel"):
		c.adds(ControlPlane, fmt.Sprintf("release channel %s -> known after apply", orNone(from)))
		c.up.Unknown = append(c.up.Unknown, "release_channel")
	case to == from || to == "" || to == "UNSPECIFIED":
	default:
		c.adds(ControlPlane, fmt.Sprintf("release channel %s -> %s, to whose version GKE will upgrade", orNone(from), to))
		if c.up.Target == "" {
			c.up.Target = strings.ToLower(to)
		}
	}
}

// waits reads how long the provider waits for the change.
func (c *change) waits(kind string) {
	c.up.Timeout = clusterTimeout
	if kind == nodePoolType {
		c.up.Timeout = nodePoolTimeout
	}
	preset := c.up.Timeout
	timeouts, _ := c.after["timeouts"].(map[string]any)
	given, _ := timeouts["update"].(string)
	if given == "" {
		return
	}
	d, err := time.ParseDuration(given)
	if err != nil || d <= 0 {
		c.up.Warnings = append(c.up.Warnings, fmt.Sprintf("timeouts.update %q is no duration such as 60m", given))
		return
	}
	if c.up.Timeout = d; d < preset {
		c.up.Warnings = append(c.up.Warnings, fmt.Sprintf("timeouts.update is %s, less than the provider's own %s: when it is over the pipeline fails, while GKE goes on", given, short(preset)))
	}
}

func short(d time.Duration) string { return fmt.Sprintf("%dm", int(d.Minutes())) }

func orNone(s string) string {
	if s == "" {
		return "(none)"
	}
	return s
}
