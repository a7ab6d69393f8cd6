// Package plan finds the upgrades in a plan of Terraform or OpenTofu: which change
// of a google_container_cluster or google_container_node_pool makes a control plane
// or nodes run another version, and what of it is only known after apply. It is pure.
package plan

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	tfjson "github.com/hashicorp/terraform-json"
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
	// Unknown names what is only known after apply. With it there is no verdict.
	Unknown []string `json:"unknown,omitempty"`
	// Timeout is how long the provider waits for this change, in nanoseconds: of the
	// plan, or else the provider's default.
	Timeout time.Duration `json:"timeout"`
	// Warnings say what endangers the change beside the cluster's own state.
	Warnings []string `json:"warnings,omitempty"`
}

// Replaces reports whether kind is among what the upgrade replaces.
func (u Upgrade) Replaces(kind Kind) bool { return slices.Contains(u.Kinds, kind) }

// Read returns the upgrades of a plan as terraform show -json prints it, in its
// order; none if it upgrades nothing. It is an error if b is no such plan.
func Read(b []byte) ([]Upgrade, error) {
	var p tfjson.Plan
	if err := json.Unmarshal(b, &p); err != nil {
		return nil, explained(b, err)
	}
	if err := whole(b, p); err != nil {
		return nil, err
	}
	var all []Upgrade
	for _, c := range p.ResourceChanges {
		if u, ok := upgradeBy(c); ok {
			all = append(all, u)
		}
	}
	for _, d := range p.DeferredChanges {
		if d == nil || !concerns(d.ResourceChange) {
			continue
		}
		u, _ := upgradeBy(d.ResourceChange)
		u.Address = d.ResourceChange.Address
		u.Changes = append(u.Changes, "deferred to a later plan")
		u.Unknown = append(u.Unknown, "the change: it is deferred")
		if u.Kinds == nil {
			u.Kinds = []Kind{ControlPlane}
		}
		all = append(all, u)
	}
	return all, nil
}

const how = "make it by terraform plan -out=tfplan && terraform show -json tfplan > plan.json"

// whole refuses what reads like a plan that upgrades nothing and is none: a state, and
// a plan that ended in an error and so lacks changes.
func whole(b []byte, p tfjson.Plan) error {
	if p.PlannedValues == nil && p.ResourceChanges == nil && p.DeferredChanges == nil {
		return errors.New("is a state, not a plan; " + how)
	}
	var rest struct {
		Errored bool `json:"errored"`
	}
	if err := json.Unmarshal(b, &rest); err != nil {
		return fmt.Errorf("can't be read as a plan: %w", err)
	}
	if rest.Errored {
		return errors.New("is a plan that ended in an error, and not whole: correct the configuration and plan again")
	}
	return nil
}

// explained says what b is instead of a plan.
func explained(b []byte, err error) error {
	var other struct {
		FormatVersion string          `json:"format_version"`
		Values        json.RawMessage `json:"values"`
		Type          string          `json:"type"`
	}
	var syntax *json.SyntaxError
	switch failed := json.Unmarshal(b, &other); {
	case len(b) == 0:
		return errors.New("is empty; " + how)
	case errors.As(failed, &syntax) && len(b) > 1 && b[0] == 'P' && b[1] == 'K':
		return errors.New("is a saved plan itself, not JSON; " + how)
	case errors.As(failed, &syntax):
		return fmt.Errorf("is no JSON at byte %d (%w); %s", syntax.Offset, syntax, how)
	case other.Type != "":
		return errors.New("is the log of plan -json, not a plan; " + how)
	case other.FormatVersion == "":
		return errors.New("is JSON, but no plan; " + how)
	}
	return fmt.Errorf("can't be read as a plan: %w", err)
}

func concerns(c *tfjson.ResourceChange) bool {
	return c != nil && c.Mode == tfjson.ManagedResourceMode && c.DeposedKey == "" &&
		(c.Type == clusterType || c.Type == nodePoolType)
}
