package nodes

import (
	"fmt"

	"github.com/gke-preflight/gke-preflight/checks/admission"
	"github.com/gke-preflight/gke-preflight/checks/finding"
	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/forecast"
	"github.com/gke-preflight/gke-preflight/preflight/remedy"
)

var autoRepairExposed = preflight.Check{
	ID:       "GP201",
	Name:     "auto-repair-exposed",
	Title:    "Auto-repair would recreate nodes while the API is down",
	Severity: preflight.Warning,
	Steps:    []preflight.Step{preflight.ControlPlaneStep},
	Needs:    append(admission.StartupNeeds(), facts.Nodes, facts.GKENodePools),
	Uses:     append(admission.StartupUses(), facts.GKECluster),
	Run: func(s *facts.Snapshot) (fs []preflight.Finding) {
		f := forecast.Of(s)
		if f.ControlPlane.Outcome == forecast.Unknown {
			return admission.OpenWarnings(s)
		}
		if !f.ControlPlane.Outcome.Fails() {
			return nil
		}
		for i, p := range facts.GKENodePools.Of(s) {
			n := nodesOf(f.Nodes.Pools, p.Name)
			if !p.AutoRepair || n == 0 {
				continue
			}
			fs = append(fs, preflight.Finding{
				Severity: preflight.Warning,
				Subject:  preflight.Subject{Kind: "NodePool", Name: p.Name},
				Summary:  fmt.Sprintf("node pool %s has auto-repair; if the upgrade takes the API down for 10 minutes, its %s are drained and recreated, and again until the API is back", p.Name, finding.Count(n, "node")),
				Evidence: []preflight.Evidence{{Fact: facts.GKENodePools.ID(), Path: fmt.Sprintf("/%d/autoRepair", i), Value: true}},
				Steps:    withoutAutoRepair(s, p.Name),
			})
		}
		return fs
	},
}

func nodesOf(pools []forecast.Pool, name string) int {
	for _, p := range pools {
		if p.Name == name {
			return p.Nodes
		}
	}
	return 0
}

// withoutAutoRepair: only a Standard cluster lets its auto-repair be switched off
// (cloud.google.com/kubernetes-engine/docs/how-to/node-auto-repair).
func withoutAutoRepair(s *facts.Snapshot, pool string) remedy.Steps {
	cluster, known := facts.GKECluster.Get(s)
	if cluster.Autopilot {
		return remedy.Do("remove the cause before upgrading: on Autopilot auto-repair can't be switched off")
	}
	off := "switch auto-repair off for the time of a risky upgrade, and on again after it"
	if !known {
		off += ", if this is no Autopilot cluster"
	}
	return remedy.Do("remove the cause before upgrading").Or(off, finding.PoolCommand(s, "update", pool, "--no-enable-autorepair"))
}
