package admission

import (
	"cmp"
	"fmt"
	"time"

	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/remedy"
)

// manyRestarts of one container are no accident any more.
var manyRestarts = preflight.Threshold{Check: "GP137", Name: "restarts", Default: 5, Min: 1, Max: 1000, What: "how often a container restarted before it is told"}

var backendRestarts = preflight.Check{
	ID:         "GP137",
	Name:       "backend-restarts",
	Title:      "A fail-closed webhook's backend ran out of memory, or restarts often",
	Severity:   preflight.Warning,
	Steps:      []preflight.Step{preflight.ControlPlaneStep},
	Needs:      stakeNeeds(facts.BackendPods),
	Uses:       append(stakeUses(stakeNeeds(facts.BackendPods)), facts.BackendWorkloads),
	Thresholds: []preflight.Threshold{manyRestarts},
	Run: func(s *facts.Snapshot) []preflight.Finding {
		return perStake(s, ofControlPlane, func(k stake, pods []int) *preflight.Finding { return unstable(s, k, pods) })
	},
}

// unstable finds the container with the most restarts of those that were killed
// for their memory or restarted often.
func unstable(s *facts.Snapshot, k stake, pods []int) *preflight.Finding {
	var worst facts.Container
	var f *preflight.Finding
	for _, n := range pods {
		for i, c := range facts.BackendPods.Of(s)[n].Containers {
			killed := c.LastEnd == "OOMKilled"
			if !killed && int(c.Restarts) < manyRestarts.Of(s) || f != nil && c.Restarts <= worst.Restarts {
				continue
			}
			worst = c
			f = &preflight.Finding{Severity: preflight.Warning,
				Evidence: []preflight.Evidence{podEvidence(s, n, fmt.Sprintf("/containers/%d/restarts", i), c.Restarts, fmt.Sprintf(", container %s: restarts%s", c.Name, lastEnd(c)))},
				Steps:    remedy.Do("see why it ended, and what it said then", remedy.Sh("kubectl --namespace %s logs %s --container %s --previous", k.namespace, facts.BackendPods.Of(s)[n].Name, c.Name)),
			}
			f.Summary = fmt.Sprintf("container %s of %s restarted %s%s; while it does, %s has one replica less, or none", c.Name, k, often(c.Restarts), lastEnd(c), k.behind())
			if killed {
				f.Summary = fmt.Sprintf("container %s of %s was killed for want of memory%s, and restarted %s; while it does, %s has one replica less, or none", c.Name, k, onDay(c), often(c.Restarts), k.behind())
				f.Steps = k.memory(s, "give it more memory", c.Name, "more than "+cmp.Or(c.Limits["memory"], "what it takes when it is busy"))
			}
		}
	}
	return f
}

func often(n int32) string {
	if n == 1 {
		return "once"
	}
	return fmt.Sprintf("%d times", n)
}

func lastEnd(c facts.Container) string {
	if c.LastEnd == "" {
		return ""
	}
	return ", the last time as " + c.LastEnd + onDay(c)
}

// onDay says when the container last ended, if that is known.
func onDay(c facts.Container) string {
	if c.LastEndedAt.IsZero() {
		return ""
	}
	return " on " + c.LastEndedAt.Format(time.DateOnly)
}
