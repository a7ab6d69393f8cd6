package workloads

import (
	"fmt"

	policyv1 "k8s.io/api/policy/v1"

	"github.com/gke-preflight/gke-preflight/checks/finding"
	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/remedy"
)

var budgetAllowsNothing = preflight.Check{
	ID:       "GP401",
	Name:     "budget-allows-nothing",
	Title:    "A disruption budget lets no pod go",
	Severity: preflight.Warning,
	Steps:    []preflight.Step{preflight.NodesStep},
	Needs:    []facts.Fact{facts.DisruptionBudgets},
	Run: func(s *facts.Snapshot) []preflight.Finding {
		return finding.Alike(perBudget(s, func(i int, b facts.DisruptionBudget) *preflight.Finding {
			if b.DisruptionsAllowed > 0 || b.ExpectedPods == 0 {
				return nil
			}
			f := &preflight.Finding{
				Severity: preflight.Warning,
				Summary:  fmt.Sprintf("disruption budget %s/%s wants %d of its %d pods and so lets none%s go, ever; each drain of their nodes waits for its limit, and then they are killed all the same", b.Namespace, b.Name, b.DesiredHealthy, b.ExpectedPods, ofReady(b)),
				Evidence: []preflight.Evidence{{Fact: facts.DisruptionBudgets.ID(), Path: fmt.Sprintf("/%d/disruptionsAllowed", i), Value: b.DisruptionsAllowed, Note: fmt.Sprintf("%d of %d pods are ready", b.Healthy, b.ExpectedPods)}},
				Steps:    Loosened(b),
			}
			if !never(b) {
				f.Severity = preflight.Info
				f.Summary = fmt.Sprintf("disruption budget %s/%s lets no pod%s go just now: %d of %d pods are ready, and it wants %d; drains of their nodes wait for that", b.Namespace, b.Name, ofReady(b), b.Healthy, b.ExpectedPods, b.DesiredHealthy)
			}
			return f
		}), "PodDisruptionBudgets", "let no pod go, so that drains wait for their limit")
	},
}

// never reports whether the budget lets no pod go even with all of them ready.
func never(b facts.DisruptionBudget) bool { return b.DesiredHealthy >= b.ExpectedPods }

// unreadyStay reports whether the API server refuses to evict even the budget's pods
// that are not ready (kubernetes pkg/registry/core/pod/storage/eviction.go,
// EvictionREST.Create).
func unreadyStay(b facts.DisruptionBudget) bool {
	return b.UnhealthyPods != string(policyv1.AlwaysAllow) && (b.Healthy < b.DesiredHealthy || b.DesiredHealthy == 0)
}

// ofReady goes on from the pods that the budget lets not go.
func ofReady(b facts.DisruptionBudget) string {
	if b.Healthy < b.ExpectedPods && !unreadyStay(b) {
		return " that is ready"
	}
	return ""
}

// Loosened is how to have the budget let pods go. While one is not ready, one less
// does not help.
func Loosened(b facts.DisruptionBudget) remedy.Steps {
	edit := remedy.Sh("kubectl --namespace %s edit poddisruptionbudget %s", b.Namespace, b.Name)
	if b.Healthy >= b.ExpectedPods {
		return remedy.Do("have one more replica than it asks for").
			Or("let one go at a time, by this instead of minAvailable", edit, remedy.YAML("spec:\n  maxUnavailable: 1"))
	}
	var steps remedy.Steps
	if unreadyStay(b) {
		steps = remedy.Do("let pods go that are not ready", edit, remedy.YAML("spec:\n  unhealthyPodEvictionPolicy: AlwaysAllow"))
	}
	steps = steps.Then("see why they are not ready", remedy.Sh("kubectl --namespace %s get pods", b.Namespace))
	if never(b) {
		steps = steps.Then("let one go at a time of the others, by this instead of minAvailable", edit, remedy.YAML("spec:\n  maxUnavailable: 1"))
	}
	return steps
}
