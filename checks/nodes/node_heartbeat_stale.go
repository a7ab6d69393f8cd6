package nodes

import (
	"fmt"

	"github.com/gke-preflight/gke-preflight/checks/finding"
	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/clocks"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/remedy"
)

var nodeHeartbeatStale = preflight.Check{
	ID:       "GP203",
	Name:     "node-heartbeat-stale",
	Title:    "A node has stopped renewing its lease",
	Severity: preflight.Warning,
	Steps:    []preflight.Step{preflight.NodesStep},
	Needs:    []facts.Fact{facts.Nodes, facts.NodeLeases},
	After:    []string{"GP202"},
	Run: func(s *facts.Snapshot) (fs []preflight.Finding) {
		leases := facts.NodeLeases.Of(s)
		for _, n := range facts.Nodes.Of(s) {
			renewed, ok := leases[n.Name]
			since := s.Meta.CollectedAt.Sub(renewed)
			if ok && since <= clocks.LeaseDuration {
				continue
			}
			f := preflight.Finding{
				Severity: preflight.Warning,
				Subject:  nodeSubject(n),
				Summary:  inPool(n) + " has no lease in kube-node-lease: its kubelet does not report, and auto-repair's clock runs",
				Evidence: []preflight.Evidence{{Fact: facts.NodeLeases.ID(), Note: "no lease of that name"}},
				Steps:    remedy.Do("see whether the kubelet can reach the API, and whether a webhook stands in the way of leases", remedy.Sh("kubectl --namespace kube-node-lease get lease %s", n.Name)),
			}
			if ok {
				f.Summary = fmt.Sprintf("%s last renewed its lease %s ago; %s are allowed, and auto-repair, where the pool has it, recreates a node that is silent for %s", inPool(n), finding.Age(since), finding.Age(clocks.LeaseDuration), finding.Age(clocks.Repair))
				f.Evidence = []preflight.Evidence{{Fact: facts.NodeLeases.ID(), Path: "/" + n.Name, Value: renewed}}
			}
			fs = append(fs, f)
		}
		return finding.Alike(fs, "Nodes", "don't renew their leases")
	},
}
