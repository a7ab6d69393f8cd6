package admission

import (
	"fmt"
	"k8s.io/apimachinery/pkg/labels"
	"strings"

	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/remedy"
)

var backendResources = preflight.Check{
	ID:       "GP136",
	Name:     "backend-resources",
	Title:    "A fail-closed webhook's backend has no memory request or limit",
	Severity: preflight.Warning,
	Steps:    []preflight.Step{preflight.ControlPlaneStep},
	Needs:    stakeNeeds(facts.BackendPods),
	Uses:     append(stakeUses(stakeNeeds(facts.BackendPods)), facts.BackendWorkloads),
	Run: func(s *facts.Snapshot) []preflight.Finding {
		return perDescribed(s, direct, func(k stake, pods []int) *preflight.Finding { return unlimited(s, k, pods) })
	},
}

// memory sets a container's memory, which is to be as is says.
func (k stake) memory(s *facts.Snapshot, text, container, is string) remedy.Steps {
	steps := remedy.Do(text, remedy.Sh("kubectl --namespace %s set resources %s --containers %s --requests memory=MEMORY --limits memory=MEMORY", k.namespace, workloadOf(s, k), container))
	return k.named(s, steps.Where("MEMORY", is, remedy.Sh("kubectl --namespace %s top pods --containers --selector %s", k.namespace, labels.FormatLabels(k.selector))))
}

// unlimited finds the first container without a memory request or limit. The API
// server sets a request that is missing to the limit.
func unlimited(s *facts.Snapshot, k stake, pods []int) *preflight.Finding {
	for _, n := range pods {
		for i, c := range facts.BackendPods.Of(s)[n].Containers {
			var missing, effects []string
			if c.Requests["memory"] == "" {
				missing, effects = append(missing, "request"), append(effects, "it is among the first to go when its node runs out of memory")
			}
			if c.Limits["memory"] == "" {
				missing, effects = append(missing, "limit"), append(effects, "if it leaks, it takes its node with it")
			}
			if missing == nil {
				continue
			}
			return &preflight.Finding{
				Severity: preflight.Info,
				Summary:  fmt.Sprintf("container %s of %s has no memory %s; %s, and nobody answers for %s", c.Name, k, strings.Join(missing, " and no memory "), strings.Join(effects, ", and "), k.behind()),
				Evidence: []preflight.Evidence{podEvidence(s, n, fmt.Sprintf("/containers/%d/name", i), c.Name, " has a container without a memory "+strings.Join(missing, " and "))},
				Steps:    k.memory(s, "set both, to the same", c.Name, "twice what it takes when it is busy"),
			}
		}
	}
	return nil
}
