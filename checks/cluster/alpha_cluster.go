package cluster

import (
	"fmt"

	"github.com/gke-preflight/gke-preflight/checks/finding"
	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/remedy"
)

var alphaCluster = preflight.Check{
	ID:       "GP517",
	Name:     "alpha-cluster",
	Title:    "An alpha cluster can't be upgraded",
	Severity: preflight.Blocker,
	Steps:    []preflight.Step{preflight.ControlPlaneStep},
	Needs:    []facts.Fact{facts.GKECluster},
	Uses:     []facts.Fact{facts.GKESettings},
	Run: func(s *facts.Snapshot) []preflight.Finding {
		c := facts.GKECluster.Of(s)
		if !c.Alpha {
			return nil
		}
		f := preflight.Finding{
			Severity: preflight.Blocker, Subject: finding.ClusterSubject(s),
			Summary:  fmt.Sprintf("cluster %s has the alpha features of Kubernetes turned on, and GKE upgrades no such cluster", c.Name),
			Evidence: []preflight.Evidence{finding.EvidenceOf(facts.GKECluster, true, "enableKubernetesAlpha", "/alpha")},
			Steps:    remedy.Do("move what runs in it to a new cluster"),
		}
		if settings, ok := facts.GKESettings.Get(s); ok && !settings.Expires.IsZero() {
			f.Summary += "; it is deleted on " + finding.Day(settings.Expires)
		}
		return []preflight.Finding{f}
	},
}
