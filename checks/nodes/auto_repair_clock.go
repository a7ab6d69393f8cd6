package nodes

import (
	"fmt"
	"time"

	"github.com/gke-preflight/gke-preflight/checks/finding"
	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/clocks"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/remedy"
	"github.com/gke-preflight/gke-preflight/preflight/words"
)

var autoRepairClock = preflight.Check{
	ID:       "GP210",
	Name:     "auto-repair-clock",
	Title:    "Auto-repair is about to recreate a node",
	Severity: preflight.Warning,
	Steps:    []preflight.Step{preflight.NodesStep},
	Needs:    []facts.Fact{facts.Nodes, facts.NodeLeases, facts.GKENodePools},
	Run: func(s *facts.Snapshot) (fs []preflight.Finding) {
		sizes := finding.PoolSizes(s)
		for _, p := range facts.GKENodePools.Of(s) {
			var names []string
			var evidence []preflight.Evidence
			soonest := clocks.DiskRepair
			for i, n := range facts.Nodes.Of(s) {
				left, ticking := repairIn(s, n)
				if n.Pool != p.Name || !p.AutoRepair || !ticking || n.Operation != "" {
					continue
				}
				names, soonest = append(names, n.Name), min(soonest, left)
				if len(evidence) < finding.MostAlike {
					evidence = append(evidence, preflight.Evidence{Fact: facts.Nodes.ID(), Path: fmt.Sprintf("/%d/name", i), Value: n.Name, Note: "not ready, silent or out of disk"})
				}
			}
			if names == nil {
				continue
			}
			when := "within " + finding.Age(soonest)
			if soonest <= 0 {
				when = "at any time"
			}
			fs = append(fs, preflight.Finding{
				Severity: preflight.Warning, Subject: finding.PoolNamed(p.Name), Evidence: evidence,
				Summary: fmt.Sprintf("auto-repair recreates %s of %d of node pool %s, the first %s: %s; an upgrade begun now meets those repairs", finding.Count(len(names), "node"), sizes[p.Name], p.Name, when, words.Some(names, finding.MostAlike)),
				Steps:   remedy.Do("wait until they are well again, or repaired, before the upgrade", remedy.Sh("kubectl get nodes --selector cloud.google.com/gke-nodepool=%s", p.Name)),
			})
		}
		return fs
	},
}

// repairIn says how long it is until auto-repair takes the node for broken, and
// whether that clock runs at all.
func repairIn(s *facts.Snapshot, n facts.Node) (left time.Duration, ticking bool) {
	left = clocks.DiskRepair
	run := func(since time.Duration, limit time.Duration) { left, ticking = min(left, limit-since), true }
	for _, c := range n.Conditions {
		since := s.Meta.CollectedAt.Sub(c.LastChange)
		switch {
		case c.Type == "Ready" && c.Status != "True":
			run(since, clocks.Repair)
		case c.Type == "DiskPressure" && c.Status == "True":
			run(since, clocks.DiskRepair)
		}
	}
	renewed, ok := facts.NodeLeases.Of(s)[n.Name]
	if silent := s.Meta.CollectedAt.Sub(renewed); ok && silent > clocks.LeaseDuration {
		run(silent, clocks.Repair)
	}
	if !isReady(n) && !ticking {
		run(s.Meta.CollectedAt.Sub(n.Created), clocks.Repair)
	}
	return left, ticking
}
