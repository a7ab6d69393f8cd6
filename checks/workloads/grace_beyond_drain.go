package workloads

import (
	"fmt"
	"time"

	"github.com/gke-preflight/gke-preflight/checks/finding"
	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/clocks"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/remedy"
)

var graceBeyondDrain = preflight.Check{
	ID:       "GP406",
	Name:     "grace-beyond-drain",
	Title:    "A pod asks for more time to end than a drain gives",
	Severity: preflight.Warning,
	Steps:    []preflight.Step{preflight.NodesStep},
	Needs:    []facts.Fact{facts.PodGroups},
	Uses:     []facts.Fact{facts.GKENodePools},
	Run: func(s *facts.Snapshot) []preflight.Finding {
		limits := map[string]int64{}
		pools, known := facts.GKENodePools.Get(s)
		for _, p := range pools {
			if p.Upgrade.GraceSeconds != nil {
				limits[p.Name] = *p.Upgrade.GraceSeconds
			}
		}
		open := false
		fs := finding.Alike(perGroup(s, func(g group) *preflight.Finding {
			limit := int64(clocks.Drain / time.Second)
			for pool := range g.Pools {
				if l, ok := limits[pool]; ok {
					limit = min(limit, l)
				}
			}
			if g.GraceSeconds <= limit {
				open = open || g.GraceSeconds > 0 && !known
				return nil
			}
			return &preflight.Finding{
				Severity: preflight.Warning,
				Summary:  fmt.Sprintf("pods of %s ask for %d s to end, and a drain gives them %d s: then they are killed in the middle of their work", g, g.GraceSeconds, limit),
				Evidence: g.evidence("graceSeconds", g.GraceSeconds, "terminationGracePeriodSeconds"),
				Steps:    remedy.Do("let them end in less", g.edit()).Or("let them resume what was cut off"),
			}
		}), "Workloads", "ask for more time to end than a drain gives")
		if open {
			fs = append(fs, finding.Unread(s, facts.GKENodePools, "whether a node pool gives pods less than an hour to end can't be told")...)
		}
		return fs
	},
}
