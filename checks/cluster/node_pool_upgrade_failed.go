package cluster

import (
	"fmt"
	"maps"
	"slices"

	"github.com/gke-preflight/gke-preflight/checks/finding"
	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/remedy"
)

var nodePoolUpgradeFailed = preflight.Check{
	ID:       "GP509",
	Name:     "node-pool-upgrade-failed",
	Title:    "An earlier upgrade of a node pool failed",
	Severity: preflight.Warning,
	Steps:    []preflight.Step{preflight.NodesStep},
	Needs:    []facts.Fact{facts.GKENodePoolUpgradeInfo},
	Run: func(s *facts.Snapshot) (fs []preflight.Finding) {
		pools := facts.GKENodePoolUpgradeInfo.Of(s)
		for _, name := range slices.Sorted(maps.Keys(pools)) {
			f := preflight.Finding{Severity: preflight.Warning, Subject: finding.PoolNamed(name)}
			bad, unknown := sinceSuccess(inHistory(facts.GKENodePoolUpgradeInfo, pools[name], "/"+name))
			for _, u := range unknown {
				fs = append(fs, preflight.Finding{Severity: preflight.Info, Subject: f.Subject,
					Undecided: fmt.Sprintf("an upgrade of node pool %s on %s is in state %s, which this version of gke-preflight does not know", name, finding.Day(u.start), u.state)})
			}
			if len(bad) == 0 {
				continue
			}
			f.Summary = fmt.Sprintf("node pool %s: its upgrade on %s %s, and none has succeeded since; its nodes may be of two versions, and what stopped it may still be there", name, finding.Day(bad[0].start), bad[0].became())
			for _, a := range bad {
				f.Evidence = append(f.Evidence, a.evidence)
			}
			f.Steps = remedy.Do("find the cause before trying again; a drain, a quota or a stockout is the usual one", finding.OperationsOf(s, "operationType=UPGRADE_NODES"))
			fs = append(fs, f)
		}
		return finding.Alike(fs, "NodePools", "have a failed upgrade behind them")
	},
}
