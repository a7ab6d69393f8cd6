package workloads

import (
	"fmt"

	"github.com/gke-preflight/gke-preflight/checks/finding"
	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/remedy"
)

var podWithoutController = preflight.Check{
	ID:       "GP404",
	Name:     "pod-without-controller",
	Title:    "A pod that a drain ends is not created again",
	Severity: preflight.Warning,
	Steps:    []preflight.Step{preflight.NodesStep},
	Needs:    []facts.Fact{facts.PodGroups},
	Run: func(s *facts.Snapshot) []preflight.Finding {
		return finding.Alike(perGroup(s, func(g group) *preflight.Finding {
			if g.Kind != "Pod" {
				return nil
			}
			return &preflight.Finding{
				Severity: preflight.Warning,
				Summary:  fmt.Sprintf("pod %s/%s has no controller: when its node is upgraded or repaired it is gone for good", g.Namespace, g.Name),
				Evidence: g.evidence("kind", "Pod", "no controller made it"),
				Steps: remedy.Do("run it by a Deployment, StatefulSet or Job").
					Or("keep what it takes to create it again", remedy.Sh("kubectl --namespace %s get pod %s --output yaml", g.Namespace, g.Name)),
			}
		}), "Pods", "have no controller, and are gone for good when their nodes are upgraded or repaired")
	},
}
