package cluster

import (
	"fmt"
	"time"

	"github.com/gke-preflight/gke-preflight/checks/finding"
	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/remedy"
	"github.com/gke-preflight/gke-preflight/preflight/rollout"
)

var upgradeOutlastsWindow = preflight.Check{
	ID:       "GP527",
	Name:     "upgrade-outlasts-window",
	Title:    "GKE's own upgrade of a node pool takes longer than the maintenance window",
	Severity: preflight.Warning,
	Steps:    []preflight.Step{preflight.NodesStep},
	Needs:    []facts.Fact{facts.GKECluster, facts.GKENodePools, facts.Nodes},
	Uses:     []facts.Fact{facts.GKEOperations},
	Run: func(s *facts.Snapshot) (fs []preflight.Finding) {
		w := facts.GKECluster.Of(s).Maintenance
		if w == (facts.MaintenanceWindow{}) {
			return nil
		}
		length := w.End.Sub(w.Start)
		if w.Unread || length <= 0 {
			return []preflight.Finding{{Severity: preflight.Info, Subject: finding.ClusterSubject(s), Undecided: "the maintenance window is in a form that this version of gke-preflight does not read"}}
		}
		for i, p := range facts.GKENodePools.Of(s) {
			if f := outlasts(s, p, length); f != nil {
				f.Subject = finding.PoolSubject(p)
				if f.Undecided == "" {
					f.Evidence = append(f.Evidence, finding.EvidenceOf(facts.GKENodePools, p.Name, "", "/%d/name", i), finding.EvidenceOf(facts.GKECluster, w.End, "the window ends", "/maintenance/end"))
				}
				fs = append(fs, *f)
			}
		}
		fs = append(fs, finding.Unread(s, facts.GKEOperations, "how long upgrades of node pools took before is not known")...)
		return finding.Alike(fs, "NodePools", "take longer to upgrade than the maintenance window is")
	},
}

// outlasts judges a pool that GKE upgrades by itself, which it begins in a window of that
// length; nil where there is nothing to say.
func outlasts(s *facts.Snapshot, p facts.NodePool, window time.Duration) *preflight.Finding {
	t := rollout.Of(s, p.Name)
	earlier := time.Duration(t.Earlier) * time.Second
	f := &preflight.Finding{Severity: preflight.Warning, Steps: faster(s, p)}
	switch {
	case !p.AutoUpgrade || t.Nodes == 0 && t.Unknown == "":
		return nil
	case earlier > window:
		at, _ := rollout.Longest(s, "UPGRADE_NODES", "nodePools/"+p.Name)
		f.Summary = fmt.Sprintf("the upgrade of node pool %s took %s before, and the maintenance window has %s: it is not over when the window is", p.Name, finding.Age(earlier), finding.Age(window))
		f.Evidence = append(f.Evidence, earlierOperation(s, at, earlier))
	case t.Unknown != "":
		f.Severity, f.Undecided = preflight.Info, fmt.Sprintf("whether the maintenance window is enough for node pool %s is not known: %s", p.Name, t.Unknown)
	case time.Duration(t.Least)*time.Second > window:
		f.Summary = fmt.Sprintf("the upgrade of node pool %s takes %s at least (%s), and the maintenance window has %s: it is not over when the window is", p.Name, rollout.Words(t.Least), t.How(), finding.Age(window))
	default:
		// That drains take as long as they may is told by the checks on drains.
		return nil
	}
	return f
}

// faster is how a pool's upgrade gets shorter, or the window longer.
func faster(s *facts.Snapshot, p facts.NodePool) remedy.Steps {
	if p.Upgrade.Strategy == "BLUE_GREEN" {
		return remedy.Do("widen the window, or upgrade the pool by hand, which no window holds up", finding.ClusterCommand(s, "upgrade", "--node-pool", p.Name)).Upgrading(remedy.Nodes)
	}
	return remedy.Do("let more nodes be replaced at a time, or widen the window", finding.PoolCommand(s, "update", p.Name, "--max-surge-upgrade", "SURGE", "--max-unavailable-upgrade", "0")).
		Where("SURGE", "how many nodes to add at a time, as far as quota and addresses allow").
		Or("upgrade the pool by hand, which no window holds up", finding.ClusterCommand(s, "upgrade", "--node-pool", p.Name)).Upgrading(remedy.Nodes)
}
