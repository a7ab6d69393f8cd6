package nodes

import (
	"fmt"
	"time"

	"github.com/gke-preflight/gke-preflight/checks/finding"
	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/remedy"
)

// youth is how long a new node may take to get ready.
const youth = 30 * time.Minute

var (
	flapMinutes = preflight.Threshold{Check: "GP207", Name: "minutes", Default: 60, Min: 1, Max: 10080, What: "how long it is told that a node turned ready"}
	flaps       = preflight.Threshold{Check: "GP207", Name: "times", Default: 3, Min: 2, Max: 100, What: "how often a node turned not ready to be told as one that flaps"}
)

var nodeFlapping = preflight.Check{
	ID:         "GP207",
	Name:       "node-flapping",
	Title:      "A node was not ready a short while ago",
	Severity:   preflight.Warning,
	Steps:      []preflight.Step{preflight.NodesStep},
	Needs:      []facts.Fact{facts.Nodes},
	Uses:       []facts.Fact{facts.NodeEvents},
	Thresholds: []preflight.Threshold{flapMinutes, flaps},
	Run: func(s *facts.Snapshot) []preflight.Finding {
		fs, often := flappedOften(s)
		for i, n := range facts.Nodes.Of(s) {
			if often[n.Name] {
				continue
			}
			for j, c := range n.Conditions {
				since := s.Meta.CollectedAt.Sub(c.LastChange)
				if c.Type != "Ready" || c.Status != "True" || since > flapMinutes.Duration(s) || n.Created.IsZero() || c.LastChange.Sub(n.Created) < youth {
					continue
				}
				fs = append(fs, preflight.Finding{
					Severity: preflight.Warning, Subject: nodeSubject(n),
					Summary:  fmt.Sprintf("%s turned ready only %s ago and is %s old: it was not ready just before, and may be so again while the upgrade runs", inPool(n), finding.Age(since), finding.Age(s.Meta.CollectedAt.Sub(n.Created))),
					Evidence: []preflight.Evidence{{Fact: facts.Nodes.ID(), Path: fmt.Sprintf("/%d/conditions/%d/lastChange", i, j), Value: c.LastChange, Note: n.Name + ": Ready"}},
					Steps:    remedy.Do("see in its events what happened, before the upgrade adds its own disturbance", remedy.Sh("kubectl get events --all-namespaces --field-selector involvedObject.kind=Node,involvedObject.name=%s", n.Name)),
				})
			}
		}
		return append(finding.Alike(fs, "Nodes", "were not ready within the last "+finding.Age(flapMinutes.Duration(s))), finding.Unread(s, facts.NodeEvents, "whether nodes turn ready and not ready again and again")...)
	},
}

// flappedOften finds the nodes that turned not ready again and again, as their events
// tell. The kubelet and the node controller report the same changes, so the greater
// number of the two counts.
func flappedOften(s *facts.Snapshot) (fs []preflight.Finding, often map[string]bool) {
	often = map[string]bool{}
	events, _ := facts.NodeEvents.Get(s)
	most := map[string]int{}
	for i, e := range events {
		if j, ok := most[e.Node]; !ok || e.Times > events[j].Times {
			most[e.Node] = i
		}
	}
	for _, n := range facts.Nodes.Of(s) {
		i, ok := most[n.Name]
		if !ok || int(events[i].Times) < flaps.Of(s) || s.Meta.CollectedAt.Sub(events[i].Last) > flapMinutes.Duration(s) {
			continue
		}
		e := events[i]
		often[n.Name] = true
		fs = append(fs, preflight.Finding{
			Severity: preflight.Warning, Subject: nodeSubject(n),
			Summary: fmt.Sprintf("%s turned not ready %d times in %s, last %s ago: it flaps, and will be drained or repaired while the upgrade runs",
				inPool(n), e.Times, finding.Age(max(time.Minute, e.Last.Sub(e.First))), finding.Age(s.Meta.CollectedAt.Sub(e.Last))),
			Evidence: []preflight.Evidence{finding.EvidenceOf(facts.NodeEvents, e.Times, n.Name+": NodeNotReady, reported by "+e.Reporter, "/%d/times", i)},
			Steps:    remedy.Do("find out why before the upgrade, and replace the node if it is the machine", describeNode(n)),
		})
	}
	return fs, often
}
