package workloads

import (
	"fmt"

	"github.com/gke-preflight/gke-preflight/checks/finding"
	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/remedy"
	"github.com/gke-preflight/gke-preflight/preflight/words"
)

var budgetsOverlap = preflight.Check{
	ID:       "GP402",
	Name:     "budgets-overlap",
	Title:    "More than one disruption budget governs a pod",
	Severity: preflight.Warning,
	Steps:    []preflight.Step{preflight.NodesStep},
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
			f.Summary = fmt.Sprintf("disruption budgets %s govern the pods of %s at the same time, so that the API refuses each eviction with an error 500; drains wait for their limit, and then the pods are killed", words.Some(names, finding.MostAlike), g)
			f.Steps = remedy.Do("leave one of them", remedy.Sh("kubectl --namespace %s delete poddisruptionbudget %s", g.Namespace, names[len(names)-1]))
			fs = append(fs, f)
		}
		return finding.Alike(fs, "Workloads", "have more than one disruption budget, so that no pod of them can be evicted")
	},
}
