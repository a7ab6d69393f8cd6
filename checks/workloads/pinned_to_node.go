package workloads

import (
	"fmt"

	"github.com/gke-preflight/gke-preflight/checks/finding"
	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/remedy"
	"github.com/gke-preflight/gke-preflight/preflight/words"
)

var pinnedToNode = preflight.Check{
	ID:       "GP407",
	Name:     "pinned-to-node",
	Title:    "A workload asks for one node by its name",
	Severity: preflight.Warning,
	Steps:    []preflight.Step{preflight.NodesStep},
	Needs:    []facts.Fact{facts.PodGroups},
	Run: func(s *facts.Snapshot) []preflight.Finding {
		return finding.Alike(perGroup(s, func(g group) *preflight.Finding {
			if len(g.Hosts) == 0 {
				return nil
			}
			what := "node %s by name; an upgrade of its node pool replaces that node by one of another name"
			if len(g.Hosts) > 1 {
				what = "nodes %s by name; an upgrade of their node pools replaces those nodes by others of other names"
			}
			return &preflight.Finding{
				Severity: preflight.Warning,
				Summary:  fmt.Sprintf("%s asks for "+what+", and its pods stay pending", g, words.Some(g.Hosts, finding.MostAlike)),
				Evidence: g.evidence("hosts/0", g.Hosts[0], "required by its pods"),
				Steps: remedy.Do("select nodes by a label of their node pool instead", g.edit(), remedy.YAML("nodeSelector:\n  cloud.google.com/gke-nodepool: POOL")).
					Where("POOL", "the node pool of "+g.Hosts[0], remedy.Sh("kubectl get node %s --label-columns cloud.google.com/gke-nodepool", g.Hosts[0])),
			}
		}), "Workloads", "ask for nodes by their names, and stay pending once those are replaced")
	},
}
