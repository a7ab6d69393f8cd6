package admission

import (
	"fmt"
	"slices"

	"github.com/gke-preflight/gke-preflight/checks/workloads"
	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/remedy"
)

var backendPriority = preflight.Check{
	ID:       "GP135",
	Name:     "backend-priority",
	Title:    "A fail-closed webhook's backend has no priority, or one that does not exist",
	Severity: preflight.Warning,
	Steps:    []preflight.Step{preflight.ControlPlaneStep},
	Needs:    stakeNeeds(facts.BackendPods, facts.PriorityClasses),
	Uses:     append(stakeUses(stakeNeeds(facts.BackendPods, facts.PriorityClasses)), facts.BackendWorkloads),
	Run: func(s *facts.Snapshot) []preflight.Finding {
		known := stakes(s, direct)
		return perDescribed(s, ofControlPlane, func(k stake, pods []int) *preflight.Finding {
			f := unimportant(s, k, pods)
			if f != nil && f.Severity == preflight.Info && !slices.ContainsFunc(known, func(o stake) bool { return o.subject() == k.subject() }) {
				return nil
			}
			return f
		})
	},
}

func unimportant(s *facts.Snapshot, k stake, pods []int) *preflight.Finding {
	for _, n := range pods {
		p := facts.BackendPods.Of(s)[n]
		edit := remedy.Sh("kubectl --namespace %s edit %s", k.namespace, workloadOf(s, k))
		critical := remedy.YAML("spec:\n  template:\n    spec:\n      priorityClassName: system-cluster-critical")
		switch {
		case p.PriorityClass != "" && !slices.Contains(facts.PriorityClasses.Of(s), p.PriorityClass):
			return &preflight.Finding{
				Severity: preflight.Warning,
				Summary:  fmt.Sprintf("pods of %s ask for PriorityClass %s, which does not exist; no new one can be created, and nobody answers for %s once they are gone", k, p.PriorityClass, k.behind()),
				Evidence: []preflight.Evidence{podEvidence(s, n, "/priorityClass", p.PriorityClass, " was made when there was such a class")},
				Steps:    k.named(s, remedy.Do("create the class").Or("use one that there is, which GKE allows outside kube-system by a ResourceQuota", workloads.QuotaFor(k.namespace), edit, critical)),
			}
		case p.PriorityClass == "" && p.Priority <= 0:
			return &preflight.Finding{
				Severity: preflight.Info,
				Summary:  fmt.Sprintf("pods of %s have no priority; where nodes are short in an upgrade, others are placed first or take their place, and nobody answers for %s", k, k.behind()),
				Evidence: []preflight.Evidence{podEvidence(s, n, "/name", p.Name, fmt.Sprintf(" has priority %d and no class", p.Priority))},
				Steps:    k.named(s, remedy.Do("allow the class of critical pods, which GKE does outside kube-system by a ResourceQuota alone", workloads.QuotaFor(k.namespace)).Then("give it to them", edit, critical)),
			}
		}
	}
	return nil
}
