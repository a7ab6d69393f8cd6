package nodes

import (
	"fmt"
	"slices"

	"github.com/gke-preflight/gke-preflight/checks/finding"
	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/clocks"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/remedy"
)

var nodeNotReady = preflight.Check{
	ID:       "GP202",
	Name:     "node-not-ready",
	Title:    "A node is not ready",
	Severity: preflight.Blocker,
	Steps:    []preflight.Step{preflight.NodesStep},
	Needs:    []facts.Fact{facts.Nodes},
	Run: func(s *facts.Snapshot) (fs []preflight.Finding) {
		works := poolsReady(s)
		for i, n := range facts.Nodes.Of(s) {
			if isReady(n) {
				continue
			}
			f := preflight.Finding{
				Severity: preflight.Warning,
				Subject:  nodeSubject(n),
				Summary:  inPool(n) + " has no Ready condition: its kubelet never reported; auto-repair's clock runs",
				Steps:    remedy.Do("find out why before the upgrade adds its own disturbance", describeNode(n)),
			}
			for j, c := range n.Conditions {
				if c.Type != "Ready" {
					continue
				}
				since := s.Meta.CollectedAt.Sub(c.LastChange)
				f.Summary = fmt.Sprintf("%s has been NotReady (%s) for %s; auto-repair, where the pool has it, recreates it after %s", inPool(n), c.Reason, finding.Age(since), finding.Age(clocks.Repair))
				f.Evidence = []preflight.Evidence{{Fact: facts.Nodes.ID(), Path: fmt.Sprintf("/%d/conditions/%d/status", i, j), Value: c.Status, Note: c.Reason}}
			}
			if !works[n.Pool] {
				f.Severity = preflight.Blocker
				f.Summary += "; no node of the pool is ready, so that what is drained has nowhere to go, and new nodes may fare alike"
			}
			fs = append(fs, f)
		}
		return finding.Alike(fs, "Nodes", "are not ready")
	},
}

// poolsReady are the node pools that have a ready node.
func poolsReady(s *facts.Snapshot) map[string]bool {
	works := map[string]bool{}
	for _, n := range facts.Nodes.Of(s) {
		works[n.Pool] = works[n.Pool] || isReady(n)
	}
	return works
}

// isReady reports whether the node's kubelet says that it is; one that never reported is not.
func isReady(n facts.Node) bool {
	return slices.ContainsFunc(n.Conditions, func(c facts.Condition) bool { return c.Type == "Ready" && c.Status == "True" })
}
