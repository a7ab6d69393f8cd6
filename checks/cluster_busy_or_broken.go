package checks

import (
	"fmt"

	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

var clusterBusyOrBroken = preflight.Check{
	ID:       "GP501",
	Name:     "cluster-busy-or-broken",
	Title:    "The cluster is in a state that refuses or endangers an upgrade",
	Severity: preflight.Blocker,
	Needs:    []facts.Fact{facts.GKECluster, facts.GKEOperations},
	Run: func(s *facts.Snapshot) (fs []preflight.Finding) {
		c := facts.GKECluster.Of(s)
		if severity, meaning := clusterState(c.Status); meaning != "" {
			fs = append(fs, preflight.Finding{
				Severity: severity,
				Subject:  clusterSubject(s),
				Summary:  fmt.Sprintf("cluster %s is %s: %s", c.Name, c.Status, meaning),
				Evidence: append([]preflight.Evidence{{Fact: facts.GKECluster.ID(), Path: "/status", Value: c.Status}}, running(s)...),
				Remedy:   "see what is running or wrong:\ngcloud container operations list --filter \"status=RUNNING\" " + clusterFlags(s),
			})
		} else if len(c.Conditions) > 0 {
			fs = append(fs, preflight.Finding{
				Severity: preflight.Warning,
				Subject:  clusterSubject(s),
				Summary:  fmt.Sprintf("cluster %s reports %s", c.Name, conditionsText(c.Conditions)),
				Evidence: []preflight.Evidence{{Fact: facts.GKECluster.ID(), Path: "/conditions/0/code", Value: c.Conditions[0].Code, Note: c.Conditions[0].Message}},
				Remedy:   "put it right before the upgrade:\ngcloud container clusters describe " + c.Name + " " + clusterFlags(s),
			})
		}
		return fs
	},
}

// running are the operations under way.
func running(s *facts.Snapshot) (es []preflight.Evidence) {
	for i, o := range facts.GKEOperations.Of(s) {
		if o.Status == "RUNNING" || o.Status == "PENDING" || o.Status == "ABORTING" {
			es = append(es, preflight.Evidence{Fact: facts.GKEOperations.ID(), Path: fmt.Sprintf("/%d/status", i), Value: o.Status, Note: o.Type + " " + o.Name})
		}
	}
	return es
}
