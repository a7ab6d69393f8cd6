// Package wayback says whether, until when and to which version a step of an upgrade can
// be undone. It is pure.
package wayback

import (
	"cmp"
	"fmt"
	"time"

	"github.com/gke-preflight/gke-preflight/preflight/bootstrap"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/version"
)

// A Way is how a step can be undone, or why it can't
// (cloud.google.com/kubernetes-engine/docs/how-to/upgrading-a-cluster, of downgrades, and
// how-to/upgrade-control-plane-with-rollback).
type Way string

const (
	// OneStep: the control plane goes to the next minor at once, and never back.
	OneStep Way = "one-step"
	// TwoSteps: the first of two steps there can be rolled back while it soaks.
	TwoSteps Way = "two-steps"
	// Soaking: the first step was taken, and can be rolled back until the second is, or
	// the soak period ends.
	Soaking Way = "soaking"
	// SoakOver: the first step was taken, and its soak period is over.
	SoakOver Way = "soak-over"
	// Patch: the control plane goes back to the patch that runs.
	Patch Way = "patch"
	// Withdrawn: GKE has no such patch on offer any more.
	Withdrawn Way = "withdrawn"
	// Same: the version stays as it is.
	Same Way = "same-version"
	// RollBack: the step is itself the way back.
	RollBack Way = "roll-back"
	// Refused: GKE does not take the step.
	Refused Way = "refused"
	// ByPool: each node pool has its own way, see [Back.Pools].
	ByPool Way = "by-pool"
	// Managed: GKE upgrades the nodes by itself, as those of Autopilot.
	Managed Way = "managed"
	// Unknown: what decides it was not seen.
	Unknown Way = "unknown"
)

// A Back is the way back from a step.
type Back struct {
	Way Way `json:"way"`
	// To is the version that it leads to; empty where there is no way back.
	To string `json:"to,omitempty"`
	// Until is when it ends; zero where that is not told, or no day is set for it.
	Until time.Time `json:"until,omitzero"`
	// SoakSeconds is for how long it stays open after the step, of [TwoSteps].
	SoakSeconds int64 `json:"soakSeconds,omitempty"`
	// Choice says that GKE would take two steps where it is asked to, of [OneStep].
	Choice bool `json:"twoStepsPossible,omitempty"`
	// Newer are the node pools of a later minor than To: nodes are never newer than their
	// control plane, so that they stand in the way.
	Newer []string `json:"newerPools,omitempty"`
	// Pools are the ways of each node pool, of [ByPool].
	Pools []Pool `json:"pools,omitempty"`
	// Open says what could not be seen that may change the answer; empty for nothing.
	Open string `json:"open,omitempty"`
}

// OfControlPlane is the way back from the upgrade of the control plane to the target of s.
func OfControlPlane(s *facts.Snapshot) Back {
	hop, problem := bootstrap.HopOf(s)
	if problem != "" {
		return Back{Way: Unknown, Open: problem}
	}
	switch hop.Step {
	case bootstrap.Complete:
		b, _ := Soak(s)
		return b
	case bootstrap.RollBack:
		return Back{Way: RollBack}
	case bootstrap.NextMinor:
		return toNextMinor(s, hop)
	case bootstrap.Patch, bootstrap.PatchBack:
		return toPatch(s, hop)
	case bootstrap.Skip, bootstrap.Back:
	}
	return Back{Way: Refused}
}

func toNextMinor(s *facts.Snapshot, hop bootstrap.Hop) Back {
	b := Back{Way: OneStep, Choice: version.TwoSteps.In(s.Meta.Target)}
	settings, known := facts.GKESettings.Get(s)
	switch {
	case known && settings.SoakSeconds != nil:
		return Back{Way: TwoSteps, To: runs(s, hop), SoakSeconds: *settings.SoakSeconds}
	case !known && b.Choice:
		a, _ := s.Absence(facts.GKESettings)
		b.Open = fmt.Sprintf("whether the cluster is set up for two steps was not read (%s)", a)
	}
	return b
}

// runs is what the control plane runs, in GKE's words where these are known.
func runs(s *facts.Snapshot, hop bootstrap.Hop) string {
	c, _ := facts.GKECluster.Get(s)
	return cmp.Or(c.Version, hop.Running.String())
}

func toPatch(s *facts.Snapshot, hop bootstrap.Hop) Back {
	if hop.Target.Patch >= 0 && !version.Older(hop.Target, hop.Running) && !version.Older(hop.Running, hop.Target) {
		return Back{Way: Same}
	}
	b := Back{Way: Patch, To: runs(s, hop)}
	config, known := facts.GKEServerConfig.Get(s)
	switch {
	case !known:
		a, _ := s.Absence(facts.GKEServerConfig)
		b.Open = fmt.Sprintf("whether GKE still offers it was not read (%s)", a)
	case !offers(config, b.To):
		return Back{Way: Withdrawn, To: b.To}
	}
	return b
}

// offers reports whether a control plane can have the version.
func offers(c facts.ServerConfig, v string) bool {
	all := [][]string{c.MasterVersions}
	for _, ch := range c.Channels {
		all = append(all, ch.Versions)
	}
	for _, versions := range all {
		for _, one := range versions {
			if one == v {
				return true
			}
		}
	}
	return false
}
