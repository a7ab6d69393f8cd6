package workloads

import (
	"fmt"
	"strings"

	"github.com/gke-preflight/gke-preflight/checks/finding"
	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/remedy"
	"github.com/gke-preflight/gke-preflight/preflight/words"
)

var singleReplica = preflight.Check{
	ID:       "GP409",
	Name:     "single-replica",
	Title:    "Workloads have one replica and are away while their node is drained",
	Severity: preflight.Info,
	Steps:    []preflight.Step{preflight.NodesStep},
	Needs:    []facts.Fact{facts.PodGroups},
	Run: func(s *facts.Snapshot) []preflight.Finding {
		var names []string
		f := preflight.Finding{Severity: preflight.Info, Subject: preflight.Subject{Kind: "Workloads", Name: "single-replica"}}
		first := group{}
		for _, g := range usersGroups(s) {
			if g.Pods != 1 || g.Kind != "Deployment" && g.Kind != "StatefulSet" && g.Kind != "ReplicaSet" {
				continue
			}
			if names = append(names, g.String()); len(names) == 1 {
				first = g
			}
			if len(names) <= finding.MostAlike {
				f.Evidence = append(f.Evidence, g.evidence("pods", g.Pods, g.String())...)
			}
		}
		if names == nil {
			return nil
		}
		has := "have one replica each and are away while their pods move"
		if len(names) == 1 {
			has = "has one replica and is away while its pod moves"
		}
		f.Summary = fmt.Sprintf("%s %s to another node: %s", finding.Count(len(names), "workload"), has, words.Some(names, finding.MostAlike))
		f.Steps = remedy.Do("give those that must not be away a second one", remedy.Sh("kubectl --namespace %s scale %s %s --replicas 2", first.Namespace, strings.ToLower(first.Kind), first.Name))
		return []preflight.Finding{f}
	},
}
