package admission

import (
	"fmt"

	"k8s.io/apimachinery/pkg/labels"

	"github.com/gke-preflight/gke-preflight/checks/workloads"
	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/remedy"
	"github.com/gke-preflight/gke-preflight/preflight/whatif"
)

var backendDisruptionBudget = preflight.Check{
	ID:       "GP133",
	Name:     "backend-disruption-budget",
	Title:    "A fail-closed webhook's backend has no disruption budget that works",
	Severity: preflight.Warning,
	Steps:    []preflight.Step{preflight.ControlPlaneStep},
	Needs:    stakeNeeds(facts.BackendPods, facts.DisruptionBudgets),
	Uses:     append(stakeUses(stakeNeeds(facts.BackendPods, facts.DisruptionBudgets)), facts.BackendWorkloads),
	Run: func(s *facts.Snapshot) []preflight.Finding {
		return perStake(s, ofControlPlane, func(k stake, pods []int) *preflight.Finding { return budgeted(s, k, ready(s, pods)) })
	},
}

func ready(s *facts.Snapshot, pods []int) []int {
	var ns []int
	for _, n := range pods {
		if facts.BackendPods.Of(s)[n].Ready {
			ns = append(ns, n)
		}
	}
	return ns
}

// budgeted judges the budgets that match a ready pod. One replica alone is
// another check's: no budget helps it.
func budgeted(s *facts.Snapshot, k stake, pods []int) *preflight.Finding {
	if len(pods) == 0 {
		return nil
	}
	var matching []int
	for i, b := range facts.DisruptionBudgets.Of(s) {
		if b.Namespace == k.namespace && whatif.Selects(b, facts.BackendPods.Of(s)[pods[0]].Labels) {
			matching = append(matching, i)
		}
	}
	f := &preflight.Finding{Severity: preflight.Warning}
	for _, i := range matching {
		b := facts.DisruptionBudgets.Of(s)[i]
		f.Evidence = append(f.Evidence, preflight.Evidence{Fact: facts.DisruptionBudgets.ID(), Path: fmt.Sprintf("/%d/disruptionsAllowed", i), Value: b.DisruptionsAllowed,
			Note: fmt.Sprintf("evictions that budget %s allows now: %d of %d pods are ready", b.Name, b.Healthy, b.ExpectedPods)})
	}
	switch {
	case len(matching) == 0 && len(pods) > 1:
		f.Summary = fmt.Sprintf("%d ready replicas of %s have no disruption budget; a drain may evict all of them at the same time, and nobody answers for %s", len(pods), k, k.behind())
		f.Evidence = []preflight.Evidence{podEvidence(s, pods[0], "/name", facts.BackendPods.Of(s)[pods[0]].Name, " matches no budget")}
		f.Steps = remedy.Do("let one go at a time", remedy.Sh("kubectl --namespace %s create poddisruptionbudget %s --selector %s --max-unavailable 1", k.namespace, k.service, labels.FormatLabels(k.selector)))
	case len(matching) > 1:
		f.Summary = fmt.Sprintf("%d disruption budgets match the pods of %s, so that every eviction fails; each drain waits for an hour, and then they are killed", len(matching), k)
		f.Steps = remedy.Do("leave one of them", remedy.Sh("kubectl --namespace %s delete poddisruptionbudget %s", k.namespace, facts.DisruptionBudgets.Of(s)[matching[1]].Name))
	case len(matching) == 1:
		return single(f, facts.DisruptionBudgets.Of(s)[matching[0]], k, len(pods))
	default:
		return nil
	}
	return f
}

// single judges the one budget that there is, and completes the finding on it.
func single(f *preflight.Finding, b facts.DisruptionBudget, k stake, pods int) *preflight.Finding {
	edit := remedy.Sh("kubectl --namespace %s edit poddisruptionbudget %s", k.namespace, b.Name)
	one := remedy.YAML("spec:\n  maxUnavailable: 1")
	switch {
	case b.DisruptionsAllowed <= 0:
		f.Summary = fmt.Sprintf("disruption budget %s allows no eviction of the pods of %s; each drain waits for an hour, and then they are killed all the same", b.Name, k)
		f.Steps = workloads.Loosened(b)
	case int(b.DisruptionsAllowed) >= pods && pods > 1:
		f.Summary = fmt.Sprintf("disruption budget %s lets all %d ready replicas of %s go at the same time; then nobody answers for %s", b.Name, pods, k, k.behind())
		f.Steps = remedy.Do("let one go at a time, by this instead of what it has", edit, one)
	default:
		return nil
	}
	return f
}
