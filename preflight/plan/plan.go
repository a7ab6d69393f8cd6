// Package plan finds the upgrades in a plan of Terraform or OpenTofu: which change
// of a google_container_cluster or google_container_node_pool makes a control plane
// or nodes anew, and what of it is only known after apply. It is pure.
package plan

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/hashicorp/go-version"
	tfjson "github.com/hashicorp/terraform-json"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// A Kind is what an upgrade replaces.
type Kind string

const (
	// ControlPlane is a cluster's control plane: its kube-apiservers start anew.
	ControlPlane Kind = "control plane"
	// Nodes are the nodes of a pool, or those that the cluster's own node_version is for.
	Nodes Kind = "nodes"
	// Recreation is a cluster that the plan deletes, to make another.
	Recreation Kind = "recreation"
	// Deletion is a cluster that the plan deletes.
	Deletion Kind = "deletion"
)

// An Upgrade is one resource whose change upgrades something, or might.
type Upgrade struct {
	// Address is the resource's address, such as module.shop.google_container_cluster.prod.
	Address string `json:"address"`
	// Kinds are what is replaced, at least one.
	Kinds []Kind `json:"kinds"`
	// Changes say what changes, in words.
	Changes []string `json:"changes"`
	// Project, Location and Cluster name the cluster; empty where they are unknown.
	Project  string `json:"project,omitempty"`
	Location string `json:"location,omitempty"`
	Cluster  string `json:"cluster,omitempty"`
	// NodePool is empty for a cluster.
	NodePool string `json:"nodePool,omitempty"`
	// Target is a target of the control plane as check --target-version takes it;
	// empty where the control plane keeps its version or the target is unknown.
	Target string `json:"target,omitempty"`
	// Pools are the node pools that are changed by name: of a cluster, those that
	// stand within it.
	Pools []facts.PoolChange `json:"pools,omitempty"`
	// Unknown names what is only known after apply. With it there is no verdict.
	Unknown []string `json:"unknown,omitempty"`
	// Timeout is how long the provider waits for this change at least, in nanoseconds,
	// and TimeoutMost at most: both are that of the plan, or else the provider's
	// defaults, which depend on its version. Zero where something is deleted.
	Timeout     time.Duration `json:"timeout"`
	TimeoutMost time.Duration `json:"timeoutMost"`
	// Waits says so in words where the two differ; empty otherwise.
	Waits string `json:"waits,omitempty"`
	// Warnings say what endangers the change beside the cluster's own state.
	Warnings []string `json:"warnings,omitempty"`
}

// Replaces reports whether kind is among what the upgrade replaces.
func (u Upgrade) Replaces(kind Kind) bool { return slices.Contains(u.Kinds, kind) }

// ends reports whether the cluster that runs is deleted.
func (u Upgrade) ends() bool { return u.Replaces(Recreation) || u.Replaces(Deletion) }

// A document is what is read of a plan as terraform show -json prints it.
type document struct {
	FormatVersion   string    `json:"format_version"`
	PlannedValues   there     `json:"planned_values"`
	ResourceChanges []touched `json:"resource_changes"`
	DeferredChanges []struct {
		ResourceChange touched `json:"resource_change"`
	} `json:"deferred_changes"`
	Errored       bool `json:"errored"`
	Configuration struct {
		ProviderConfig map[string]*tfjson.ProviderConfig `json:"provider_config"`
	} `json:"configuration"`
}

// there is whether something stands there, which is not read further.
type there bool

// UnmarshalJSON implements json.Unmarshaler.
func (t *there) UnmarshalJSON(b []byte) error {
	*t = string(b) != "null"
	return nil
}

// touched is the change of one resource; nil for one that is none of a cluster or of a
// node pool, most of which a large plan has.
type touched struct{ *tfjson.ResourceChange }

// UnmarshalJSON implements json.Unmarshaler.
func (t *touched) UnmarshalJSON(b []byte) error {
	if !bytes.Contains(b, []byte("google_container_")) {
		return nil
	}
	var head struct {
		Mode tfjson.ResourceMode `json:"mode"`
		Type string              `json:"type"`
	}
	if err := json.Unmarshal(b, &head); err != nil {
		return err
	}
	if head.Mode == tfjson.DataResourceMode || head.Type != clusterType && head.Type != nodePoolType {
		return nil
	}
	t.ResourceChange = new(tfjson.ResourceChange)
	return json.Unmarshal(b, t.ResourceChange)
}

// Read returns the upgrades of a plan as terraform show -json prints it, in its
// order; none if it upgrades nothing. It is an error if b is no such plan.
func Read(b []byte) ([]Upgrade, error) {
	b, err := plain(b)
	if err != nil {
		return nil, err
	}
	var d document
	if err := json.Unmarshal(b, &d); err != nil {
		return nil, explained(b, err)
	}
	if err := (&tfjson.Plan{FormatVersion: d.FormatVersion}).Validate(); err != nil {
		return nil, explained(b, err)
	}
	switch {
	case !bool(d.PlannedValues) && d.ResourceChanges == nil && d.DeferredChanges == nil:
		return nil, explained(b, errNoPlan)
	case d.Errored:
		return nil, errors.New("is a plan that ended in an error, and not whole: correct the configuration and plan again")
	}
	return d.upgrades(), nil
}

// errNoPlan says that a file has the form of what Terraform prints, and no plan in it:
// a state, or what other commands print.
var errNoPlan = errors.New("is a state, not a plan; " + how)

func (d document) upgrades() []Upgrade {
	var all []Upgrade
	for _, c := range d.ResourceChanges {
		if c.ResourceChange == nil {
			continue
		}
		if c.Change == nil {
			all = append(all, Upgrade{Address: c.Address, Kinds: []Kind{ControlPlane}, Changes: []string{"the plan does not tell the change"}, Unknown: []string{"the change"}})
			continue
		}
		if u, ok := upgradeBy(c.ResourceChange, d.providerOf(c.ResourceChange).eras()); ok {
			all = append(all, u)
		}
	}
	all = besideControlPlane(d.pools(all))
	for _, c := range d.DeferredChanges {
		r := c.ResourceChange.ResourceChange
		if r == nil {
			continue
		}
		u := Upgrade{}
		if r.Change != nil {
			u, _ = upgradeBy(r, d.providerOf(r).eras())
		}
		u.Address = r.Address
		u.Changes = append(u.Changes, "deferred to a later plan")
		u.Unknown = append(u.Unknown, "the change: it is deferred")
		if u.Kinds == nil {
			u.Kinds = []Kind{ControlPlane}
		}
		all = append(all, u)
	}
	return all
}

// providerOf is what the modules of the configuration say of a resource's provider.
func (d document) providerOf(r *tfjson.ResourceChange) provider {
	var p provider
	for _, c := range d.Configuration.ProviderConfig {
		if c == nil || c.VersionConstraint == "" || c.FullName != r.ProviderName {
			continue
		}
		if constraints, err := version.NewConstraint(c.VersionConstraint); err == nil {
			p = append(p, constraints)
		}
	}
	return p
}
