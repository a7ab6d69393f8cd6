package cluster

import (
	"fmt"
	"strconv"

	"github.com/gke-preflight/gke-preflight/checks/finding"
	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/remedy"
)

var autoscalerAtMaximum = preflight.Check{
	ID:       "GP519",
	Name:     "autoscaler-at-maximum",
	Title:    "A node pool has as many nodes as its autoscaler may make",
	Severity: preflight.Warning,
	Steps:    []preflight.Step{preflight.NodesStep},
	Needs:    []facts.Fact{facts.GKENodePools, facts.Nodes},
	Run: func(s *facts.Snapshot) (fs []preflight.Finding) {
		sizes := finding.PoolSizes(s)
		for i, p := range facts.GKENodePools.Of(s) {
			most, field := int(p.Autoscaling.TotalMax), "totalMax"
			if most == 0 {
				most, field = int(p.Autoscaling.Max)*max(1, len(p.Locations)), "max"
			}
			if !p.Autoscaling.Enabled || most == 0 || sizes[p.Name] < most {
				continue
			}
			f := preflight.Finding{
				Severity: preflight.Info, Subject: finding.PoolSubject(p),
				Summary:  fmt.Sprintf("node pool %s has %s, as many as its autoscaler may make; what is evicted while nodes are upgraded or repaired has nowhere else to go", p.Name, finding.Count(sizes[p.Name], "node")),
				Evidence: []preflight.Evidence{finding.EvidenceOf(facts.GKENodePools, p.Autoscaling.TotalMax, "", "/%d/autoscaling/%s", i, field)},
				Steps:    remedy.Do("raise the maximum for the time of the upgrade", finding.PoolCommand(s, "update", p.Name, "--enable-autoscaling", "--total-max-nodes", strconv.Itoa(sizes[p.Name]+max(1, sizes[p.Name]/10)))),
			}
			if field == "max" {
				f.Evidence[0].Value, f.Evidence[0].Note = p.Autoscaling.Max, fmt.Sprintf("in each of %s", finding.Count(max(1, len(p.Locations)), "zone"))
			}
			if p.Upgrade.MaxSurge == 0 && p.Upgrade.Strategy != "BLUE_GREEN" {
				f.Severity = preflight.Warning
				f.Summary += ", and its upgrades add no node beforehand"
			}
			fs = append(fs, f)
		}
		return fs
	},
}
