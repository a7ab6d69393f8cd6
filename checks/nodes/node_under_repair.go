package nodes

import (
	"fmt"

	"github.com/gke-preflight/gke-preflight/checks/finding"
	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/remedy"
)

var nodeUnderRepair = preflight.Check{
	ID:       "GP204",
	Name:     "node-under-repair",
	Title:    "A node is being repaired",
	Severity: preflight.Warning,
	Steps:    []preflight.Step{preflight.NodesStep},
	Needs:    []facts.Fact{facts.Nodes},
	Run: func(s *facts.Snapshot) (fs []preflight.Finding) {
		for i, n := range facts.Nodes.Of(s) {
			if n.Operation != "AUTO_REPAIR_NODES" {
				continue
			}
			fs = append(fs, preflight.Finding{
				Severity: preflight.Warning,
				Subject:  nodeSubject(n),
				Summary:  inPool(n) + " is being repaired by GKE; an upgrade beside it lengthens both",
				Evidence: []preflight.Evidence{{Fact: facts.Nodes.ID(), Path: fmt.Sprintf("/%d/operation", i), Value: n.Operation, Note: "annotation gke-current-operation"}},
				Steps:    remedy.Do("wait until the repair is over, and find out why it was needed", finding.OperationsOf(s, "operationType=AUTO_REPAIR_NODES")),
			})
		}
		return finding.Alike(fs, "Nodes", "are being repaired by GKE")
	},
}
