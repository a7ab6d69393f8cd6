package checks

import (
	"fmt"

	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

var nodePoolBusyOrBroken = preflight.Check{
	ID:       "GP502",
	Name:     "node-pool-busy-or-broken",
	Title:    "A node pool is in a state that refuses or endangers an upgrade",
	Severity: preflight.Warning,
	Needs:    []facts.Fact{facts.GKENodePools},
	Run: func(s *facts.Snapshot) (fs []preflight.Finding) {
		for i, p := range facts.GKENodePools.Of(s) {
			f := preflight.Finding{
				Severity: preflight.Warning,
				Subject:  preflight.Subject{Kind: "NodePool", Name: p.Name},
				Remedy:   fmt.Sprintf("put it right before the upgrade:\ngcloud container node-pools describe %s --cluster %s %s", p.Name, s.Meta.Cluster.Name, clusterFlags(s)),
			}
			switch {
			case p.Status != "RUNNING":
				f.Summary = fmt.Sprintf("node pool %s is %s", p.Name, p.Status)
				f.Evidence = []preflight.Evidence{{Fact: facts.GKENodePools.ID(), Path: fmt.Sprintf("/%d/status", i), Value: p.Status}}
			case p.BlueGreenPhase != "":
				f.Summary = fmt.Sprintf("node pool %s is in the middle of a blue-green upgrade, in phase %s", p.Name, p.BlueGreenPhase)
				f.Evidence = []preflight.Evidence{{Fact: facts.GKENodePools.ID(), Path: fmt.Sprintf("/%d/blueGreenPhase", i), Value: p.BlueGreenPhase}}
			}
			if len(p.Conditions) > 0 {
				if f.Summary == "" {
					f.Summary = "node pool " + p.Name + " reports a problem"
				}
				f.Summary += ": " + conditionsText(p.Conditions)
				f.Evidence = append(f.Evidence, preflight.Evidence{Fact: facts.GKENodePools.ID(), Path: fmt.Sprintf("/%d/conditions/0/code", i), Value: p.Conditions[0].Code, Note: p.Conditions[0].Message})
			}
			if f.Summary != "" {
				fs = append(fs, f)
			}
		}
		return fs
	},
}
