package workloads

import (
	"fmt"

	"github.com/gke-preflight/gke-preflight/checks/finding"
	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/remedy"
)

var noPlaceAfterDrain = preflight.Check{
	ID:       "GP411",
	Name:     "no-place-after-drain",
	Title:    "Pods that a drain evicts find no other node",
	Severity: preflight.Warning,
	Steps:    []preflight.Step{preflight.NodesStep},
	Needs:    []facts.Fact{facts.PodDetails, facts.PodGroups, facts.Nodes, facts.GKENodePools},
	Uses:     []facts.Fact{facts.NodeRequests},
	Run: func(s *facts.Snapshot) []preflight.Finding {
		p := placesOf(s)
		var stuck, tight, unsure gathering
		var why, whyTight string
		pool := ""
		for _, d := range usersDetails(s) {
			field, value, because := p.short(d)
			switch {
			case field == "":
			case p.elsewhere(d):
				unsure.add(d, field, value)
			case p.noneFirst(d.group) != "":
				stuck.add(d, field, value)
				if len(stuck.names) == 1 {
					why, pool = because, p.noneFirst(d.group)
				}
			default:
				tight.add(d, field, value)
				if len(tight.names) == 1 {
					whyTight = because
				}
			}
		}
		var fs []preflight.Finding
		if stuck.names != nil {
			fs = append(fs, preflight.Finding{
				Severity: preflight.Warning, Subject: preflight.Subject{Kind: "Workloads", Name: "no-place"}, Evidence: stuck.evidence,
				Summary: fmt.Sprintf("%s without a spare node, and an upgrade of the pools takes one away before it adds one: a pod that is evicted waits until a new node is there: %s (%s)", finding.Count(len(stuck.names), "workload"), stuck.says(), why),
				Steps:   remedy.Do("have the upgrade add a node first", finding.PoolCommand(s, "update", pool, finding.OneMore()...)),
			})
		}
		if tight.names != nil {
			fs = append(fs, preflight.Finding{
				Severity: preflight.Info, Subject: preflight.Subject{Kind: "Workloads", Name: "tight-place"}, Evidence: tight.evidence,
				Summary: fmt.Sprintf("%s without a spare node but the one that an upgrade of the pools adds: %s (%s)", finding.Count(len(tight.names), "workload"), tight.says(), whyTight),
				Steps:   remedy.Do("see that a node can be added, or have one more beforehand"),
			})
		}
		if unsure.names != nil {
			fs = append(fs, preflight.Finding{
				Severity: preflight.Info, Subject: preflight.Subject{Kind: "Workloads", Name: "place-elsewhere"}, Evidence: unsure.evidence,
				Undecided: fmt.Sprintf("%s without a spare node in the pools that they are in; whether other pools take them is not recorded: %s", finding.Count(len(unsure.names), "workload"), unsure.says()),
			})
		}
		return append(fs, p.crowded(s)...)
	},
}
