package nodes

import (
	"fmt"

	"github.com/gke-preflight/gke-preflight/checks/finding"
	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/clocks"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/remedy"
)

var nodeCordoned = preflight.Check{
	ID:       "GP206",
	Name:     "node-cordoned",
	Title:    "A node is cordoned",
	Severity: preflight.Warning,
	Steps:    []preflight.Step{preflight.NodesStep},
	Needs:    []facts.Fact{facts.Nodes},
	Uses:     []facts.Fact{facts.GKECluster},
	Run: func(s *facts.Snapshot) []preflight.Finding {
		cluster, _ := facts.GKECluster.Get(s)
		var fs []preflight.Finding
		for i, n := range facts.Nodes.Of(s) {
			if !n.Unschedulable || n.Operation != "" {
				continue
			}
			f := preflight.Finding{
				Severity: preflight.Info, Subject: nodeSubject(n),
				Summary:  inPool(n) + " is cordoned: pods that a drain evicts elsewhere find no room on it",
				Evidence: []preflight.Evidence{{Fact: facts.Nodes.ID(), Path: fmt.Sprintf("/%d/unschedulable", i), Value: true, Note: n.Name}},
				Steps:    remedy.Do("let pods on it again, if nobody needs it as it is", remedy.Sh("kubectl uncordon %s", n.Name)),
			}
			if cluster.Autopilot {
				f.Severity = preflight.Warning
				f.Summary = fmt.Sprintf("%s is cordoned, and auto-repair of an Autopilot cluster recreates a node that is so for %s", inPool(n), finding.Age(clocks.Repair))
			}
			fs = append(fs, f)
		}
		if len(fs) == 0 {
			return nil
		}
		return append(finding.Alike(fs, "Nodes", "are cordoned"), finding.Unread(s, facts.GKECluster, "whether auto-repair recreates cordoned nodes, as it does on Autopilot, can't be told")...)
	},
}
