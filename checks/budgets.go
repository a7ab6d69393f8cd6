package checks

import (
	"fmt"

	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/remedy"
	"github.com/gke-preflight/gke-preflight/preflight/whatif"
)

func budgetSubject(b facts.DisruptionBudget) preflight.Subject {
	return preflight.Subject{Kind: "PodDisruptionBudget", Namespace: b.Namespace, Name: b.Name}
}

// perBudget judges each budget of the user's.
func perBudget(s *facts.Snapshot, judge func(int, facts.DisruptionBudget) *preflight.Finding) (fs []preflight.Finding) {
	for i, b := range facts.DisruptionBudgets.Of(s) {
		if managed(b.Namespace) {
			continue
		}
		if f := judge(i, b); f != nil {
			f.Subject = budgetSubject(b)
			fs = append(fs, *f)
		}
	}
	return fs
}

// budgetsOf are the budgets that govern the eviction of each group's pods, as
// indexes into the fact, by the group's index.
func budgetsOf(s *facts.Snapshot) map[int][]int {
	in := map[string][]int{}
	for i, b := range facts.DisruptionBudgets.Of(s) {
		in[b.Namespace] = append(in[b.Namespace], i)
	}
	out := map[int][]int{}
	for n, g := range facts.PodGroups.Of(s) {
		for _, i := range in[g.Namespace] {
			if whatif.Selects(facts.DisruptionBudgets.Of(s)[i], g.Labels) {
				out[n] = append(out[n], i)
			}
		}
	}
	return out
}

var budgetAllowsNothing = preflight.Check{
	ID:       "GP401",
	Name:     "budget-allows-nothing",
	Title:    "A disruption budget lets no pod go",
	Severity: preflight.Warning,
	Needs:    []facts.Fact{facts.DisruptionBudgets},
	Run: func(s *facts.Snapshot) []preflight.Finding {
		return alike(perBudget(s, func(i int, b facts.DisruptionBudget) *preflight.Finding {
			if b.DisruptionsAllowed > 0 || b.ExpectedPods == 0 {
				return nil
			}
			f := &preflight.Finding{
				Severity: preflight.Warning,
				Summary:  fmt.Sprintf("disruption budget %s/%s wants %d of its %d pods and so lets none go, ever; each drain of their nodes waits for its limit, and then they are killed all the same", b.Namespace, b.Name, b.DesiredHealthy, b.ExpectedPods),
				Evidence: []preflight.Evidence{{Fact: facts.DisruptionBudgets.ID(), Path: fmt.Sprintf("/%d/disruptionsAllowed", i), Value: b.DisruptionsAllowed, Note: fmt.Sprintf("%d of %d pods are ready", b.Healthy, b.ExpectedPods)}},
				Steps:    loosened(b),
			}
			if b.DesiredHealthy < b.ExpectedPods {
				f.Severity = preflight.Info
				f.Summary = fmt.Sprintf("disruption budget %s/%s lets no pod go just now: %d of %d pods are ready, and it wants %d; drains of their nodes wait for that", b.Namespace, b.Name, b.Healthy, b.ExpectedPods, b.DesiredHealthy)
				f.Steps = loosened(b)[:2]
			}
			return f
		}), "PodDisruptionBudgets", "let no pod go, so that drains wait for their limit")
	},
}

// loosened is how to have the budget let pods go. While one is not ready, one less
// does not help: the API server refuses to evict even that one, unless it is told to
// (kubernetes pkg/registry/core/pod/storage/eviction.go, EvictionREST.Create).
func loosened(b facts.DisruptionBudget) remedy.Steps {
	edit := remedy.Sh("kubectl --namespace %s edit poddisruptionbudget %s", b.Namespace, b.Name)
	if b.Healthy < b.ExpectedPods {
		return remedy.Do("let pods go that are not ready", edit, remedy.YAML("spec:\n  unhealthyPodEvictionPolicy: AlwaysAllow")).
			Then("see why they are not ready", remedy.Sh("kubectl --namespace %s get pods", b.Namespace)).
			Then("let one go at a time of the others, by this instead of minAvailable", edit, remedy.YAML("spec:\n  maxUnavailable: 1"))
	}
	return remedy.Do("have one more replica than it asks for").
		Or("let one go at a time, by this instead of minAvailable", edit, remedy.YAML("spec:\n  maxUnavailable: 1"))
}

var budgetsOverlap = preflight.Check{
	ID:       "GP402",
	Name:     "budgets-overlap",
	Title:    "More than one disruption budget governs a pod",
	Severity: preflight.Warning,
	Needs:    []facts.Fact{facts.DisruptionBudgets, facts.PodGroups},
	Run: func(s *facts.Snapshot) []preflight.Finding {
		var fs []preflight.Finding
		by := budgetsOf(s)
		for _, g := range usersGroups(s) {
			is := by[g.n]
			if len(is) < 2 {
				continue
			}
			f := preflight.Finding{Severity: preflight.Warning, Subject: g.subject()}
			var names []string
			for _, i := range is {
				b := facts.DisruptionBudgets.Of(s)[i]
				names = append(names, b.Name)
				f.Evidence = append(f.Evidence, preflight.Evidence{Fact: facts.DisruptionBudgets.ID(), Path: fmt.Sprintf("/%d/name", i), Value: b.Name, Note: "selects its pods"})
			}
			f.Summary = fmt.Sprintf("disruption budgets %s govern the pods of %s at the same time, so that the API refuses each eviction with an error 500; drains wait for their limit, and then the pods are killed", few(names), g)
			f.Steps = remedy.Do("leave one of them", remedy.Sh("kubectl --namespace %s delete poddisruptionbudget %s", g.Namespace, names[len(names)-1]))
			fs = append(fs, f)
		}
		return alike(fs, "Workloads", "have more than one disruption budget, so that no pod of them can be evicted")
	},
}

var budgetSelectsNothing = preflight.Check{
	ID:       "GP403",
	Name:     "budget-selects-nothing",
	Title:    "A disruption budget protects no pod",
	Severity: preflight.Info,
	Needs:    []facts.Fact{facts.DisruptionBudgets, facts.PodGroups},
	Run: func(s *facts.Snapshot) []preflight.Finding {
		used := map[int]bool{}
		for _, is := range budgetsOf(s) {
			for _, i := range is {
				used[i] = true
			}
		}
		return alike(perBudget(s, func(i int, b facts.DisruptionBudget) *preflight.Finding {
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
