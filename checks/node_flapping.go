package checks

import (
	"fmt"
	"time"

	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// lately is how long a change of a node's readiness is news, and youth how long a
// new node may take to get ready.
const (
	lately = time.Hour
	youth  = 30 * time.Minute
)

var nodeFlapping = preflight.Check{
	ID:       "GP207",
	Name:     "node-flapping",
	Title:    "A node was not ready a short while ago",
	Severity: preflight.Warning,
	Needs:    []facts.Fact{facts.Nodes},
	Run: func(s *facts.Snapshot) []preflight.Finding {
		var fs []preflight.Finding
		for i, n := range facts.Nodes.Of(s) {
			for j, c := range n.Conditions {
				since := s.Meta.CollectedAt.Sub(c.LastChange)
				if c.Type != "Ready" || c.Status != "True" || since > lately || n.Created.IsZero() || c.LastChange.Sub(n.Created) < youth {
					continue
				}
				fs = append(fs, preflight.Finding{
					Severity: preflight.Warning, Subject: nodeSubject(n),
					Summary:  fmt.Sprintf("%s turned ready only %s ago and is %s old: it was not ready just before, and may be so again while the upgrade runs", inPool(n), age(since), age(s.Meta.CollectedAt.Sub(n.Created))),
					Evidence: []preflight.Evidence{{Fact: facts.Nodes.ID(), Path: fmt.Sprintf("/%d/conditions/%d/lastChange", i, j), Value: c.LastChange, Note: n.Name + ": Ready"}},
					Remedy:   "see in its events what happened, before the upgrade adds its own disturbance:\nkubectl get events --all-namespaces --field-selector involvedObject.kind=Node,involvedObject.name=" + n.Name,
				})
			}
		}
		return alike(fs, "Nodes", "were not ready within the last hour")
	},
}
