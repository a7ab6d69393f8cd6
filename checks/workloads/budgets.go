package workloads

import (
	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/whatif"
)

func budgetSubject(b facts.DisruptionBudget) preflight.Subject {
	return preflight.Subject{Kind: "PodDisruptionBudget", Namespace: b.Namespace, Name: b.Name}
}

// perBudget judges each budget of the user's.
func perBudget(s *facts.Snapshot, judge func(int, facts.DisruptionBudget) *preflight.Finding) (fs []preflight.Finding) {
	for i, b := range facts.DisruptionBudgets.Of(s) {
		if ofGKE(b.Namespace, b.Keeper) {
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
