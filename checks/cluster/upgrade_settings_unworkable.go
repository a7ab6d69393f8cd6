package cluster

import (
	"fmt"

	"github.com/gke-preflight/gke-preflight/checks/finding"
	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/remedy"
)

var upgradeSettingsUnworkable = preflight.Check{
	ID:       "GP521",
	Name:     "upgrade-settings-unworkable",
	Title:    "A node pool's upgrade settings can't work, or take all of it at once",
	Severity: preflight.Blocker,
	Steps:    []preflight.Step{preflight.NodesStep},
	Needs:    []facts.Fact{facts.GKENodePools, facts.Nodes},
	Run: func(s *facts.Snapshot) (fs []preflight.Finding) {
		sizes := finding.PoolSizes(s)
		for i, p := range facts.GKENodePools.Of(s) {
			f := preflight.Finding{Severity: preflight.Warning, Subject: finding.PoolSubject(p)}
			u, size := p.Upgrade, sizes[p.Name]
			switch {
			case u.Strategy != "" && u.Strategy != "SURGE" && u.Strategy != "BLUE_GREEN" && u.Strategy != "SHORT_LIVED":
				f.Undecided = fmt.Sprintf("node pool %s is upgraded by strategy %s, which this version of gke-preflight does not know", p.Name, u.Strategy)
			case u.Strategy == "SURGE" && u.MaxSurge == 0 && u.MaxUnavailable == 0:
				f.Severity = preflight.Blocker
				f.Summary = fmt.Sprintf("node pool %s may neither add a node nor do without one during an upgrade (maxSurge 0, maxUnavailable 0): it can't be upgraded", p.Name)
				f.Evidence = []preflight.Evidence{finding.EvidenceOf(facts.GKENodePools, u.Strategy, "maxSurge 0, maxUnavailable 0", "/%d/upgrade/strategy", i)}
				f.Steps = remedy.Do("let it add a node", finding.PoolCommand(s, "update", p.Name, finding.OneMore()...))
			case u.MaxUnavailable > 1 && size > 1 && int(u.MaxUnavailable) >= size:
				f.Summary = fmt.Sprintf("node pool %s may do without %s during an upgrade and has %d: all of it is taken down at once", p.Name, finding.Count(int(u.MaxUnavailable), "node"), size)
				f.Evidence = []preflight.Evidence{finding.EvidenceOf(facts.GKENodePools, u.MaxUnavailable, "", "/%d/upgrade/maxUnavailable", i)}
				f.Steps = remedy.Do("let it take fewer at a time, and add some first", finding.PoolCommand(s, "update", p.Name, finding.OneMore()...))
			default:
				continue
			}
			fs = append(fs, f)
		}
		return fs
	},
}
