package workloads

import (
	"fmt"

	"github.com/gke-preflight/gke-preflight/checks/finding"
	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/remedy"
)

var budgetSelectsNothing = preflight.Check{
	ID:       "GP403",
	Name:     "budget-selects-nothing",
	Title:    "A disruption budget protects no pod",
	Severity: preflight.Info,
	Steps:    []preflight.Step{preflight.NodesStep},
	Needs:    []facts.Fact{facts.DisruptionBudgets, facts.PodGroups},
	Run: func(s *facts.Snapshot) []preflight.Finding {
		used := map[int]bool{}
		for _, is := range budgetsOf(s) {
			for _, i := range is {
				used[i] = true
			}
		}
		return finding.Alike(perBudget(s, func(i int, b facts.DisruptionBudget) *preflight.Finding {
			if used[i] || b.ExpectedPods > 0 {
				return nil
			}
			return &preflight.Finding{
				Severity: preflight.Info,
				Summary:  fmt.Sprintf("disruption budget %s/%s selects no pod: what it was meant for is not protected, or has no replicas", b.Namespace, b.Name),
				Evidence: []preflight.Evidence{{Fact: facts.DisruptionBudgets.ID(), Path: fmt.Sprintf("/%d/name", i), Value: b.Name, Note: "no pod has the labels that it selects"}},
				Steps: remedy.Do("compare its selector with the labels of the pods",
					remedy.Sh("kubectl --namespace %s describe poddisruptionbudget %s", b.Namespace, b.Name), remedy.Sh("kubectl --namespace %s get pods --show-labels", b.Namespace)),
			}
		}), "PodDisruptionBudgets", "select no pod")
	},
}
