package admission

import (
	"fmt"
	"strings"

	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/remedy"
)

var backendProbesMissing = preflight.Check{
	ID:       "GP134",
	Name:     "backend-probes-missing",
	Title:    "A fail-closed webhook's backend has no liveness or readiness probe",
	Severity: preflight.Warning,
	Steps:    []preflight.Step{preflight.ControlPlaneStep},
	Needs:    stakeNeeds(facts.BackendPods),
	Uses:     append(stakeUses(stakeNeeds(facts.BackendPods)), facts.BackendWorkloads),
	Run: func(s *facts.Snapshot) []preflight.Finding {
		return perStake(s, direct, func(k stake, pods []int) *preflight.Finding { return unprobed(s, k, pods) })
	},
}

// unprobed finds pods none of whose containers has a probe of a kind. One
// container that has it is taken to be the one that serves.
func unprobed(s *facts.Snapshot, k stake, pods []int) *preflight.Finding {
	for _, n := range pods {
		p := facts.BackendPods.Of(s)[n]
		var live, told bool
		for _, c := range p.Containers {
			live, told = live || c.LivenessProbe, told || c.ReadinessProbe
		}
		var missing, effects []string
		if !live {
			missing, effects = append(missing, "livenessProbe"), append(effects, "one that hangs is never restarted")
		}
		if !told {
			missing, effects = append(missing, "readinessProbe"), append(effects, "one that can't answer yet, or any more, goes on getting calls")
		}
		if missing == nil || len(p.Containers) == 0 {
			continue
		}
		return &preflight.Finding{
			Severity: preflight.Warning,
			Summary:  fmt.Sprintf("pods of %s have no %s; %s, and %s fails with it", k, strings.Join(missing, " and no "), strings.Join(effects, ", and "), k.behind()),
			Evidence: []preflight.Evidence{podEvidence(s, n, "/containers/0/name", p.Containers[0].Name, fmt.Sprintf(": no container of %d has a %s", len(p.Containers), strings.Join(missing, " or a ")))},
			Steps: k.named(s, remedy.Do("add what the container serves for it", remedy.Sh("kubectl --namespace %s edit %s", k.namespace, workloadOf(s, k)), probes(missing))).
				Where("PATH", "what it serves for it, such as OPA's /health").
				Where("PORT", "the number or name of the port at which it does"),
		}
	}
	return nil
}

// probes are the missing ones of a container.
func probes(missing []string) remedy.Command {
	var lines []string
	for _, m := range missing {
		lines = append(lines, m+": {httpGet: {path: PATH, port: PORT, scheme: HTTPS}, periodSeconds: 5}")
	}
	return remedy.YAML("%s", remedy.Raw(strings.Join(lines, "\n")))
}
