package cluster

import (
	"fmt"

	"github.com/gke-preflight/gke-preflight/checks/finding"
	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/remedy"
)

var noReleaseChannel = preflight.Check{
	ID:       "GP512",
	Name:     "no-release-channel",
	Title:    "The cluster is in no release channel, or its nodes are not upgraded with it",
	Severity: preflight.Info,
	Steps:    []preflight.Step{preflight.ControlPlaneStep},
	Needs:    []facts.Fact{facts.GKECluster, facts.GKENodePools},
	Run: func(s *facts.Snapshot) (fs []preflight.Finding) {
		c := facts.GKECluster.Of(s)
		if c.Channel == "" {
			fs = append(fs, preflight.Finding{
				Severity: preflight.Info, Subject: finding.ClusterSubject(s),
				Summary:  fmt.Sprintf("cluster %s is in no release channel; GKE upgrades it all the same, and exclusions can hold off no more than all upgrades at once", c.Name),
				Evidence: []preflight.Evidence{finding.EvidenceOf(facts.GKECluster, c.Version, "runs", "/version")},
				Steps:    remedy.Do("choose a channel", finding.ClusterCommand(s, "update", "--release-channel", "regular")),
			})
		}
		var names []string
		var es []preflight.Evidence
		for i, p := range facts.GKENodePools.Of(s) {
			if !p.AutoUpgrade {
				names = append(names, p.Name)
				es = append(es, finding.EvidenceOf(facts.GKENodePools, false, p.Name+" runs "+p.Version, "/%d/autoUpgrade", i))
			}
		}
		if len(names) > 0 {
			fs = append(fs, preflight.Finding{
				Severity: preflight.Info, Subject: preflight.Subject{Kind: "NodePools", Name: finding.NamesOf(names)},
				Summary:  fmt.Sprintf("%s without automatic upgrades (%s) fall behind with each upgrade of the control plane", finding.Count(len(names), "node pool"), finding.NamesOf(names)),
				Evidence: es[:min(len(es), 10)],
				Steps:    remedy.Do("upgrade them by hand after the control plane").Or("let GKE do it", finding.PoolCommand(s, "update", names[0], "--enable-autoupgrade")),
			})
		}
		return fs
	},
}
