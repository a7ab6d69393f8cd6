package cluster

import (
	"fmt"

	"github.com/gke-preflight/gke-preflight/checks/finding"
	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/remedy"
)

var bootstrapDays = preflight.Threshold{Check: "GP518", Name: "days", Default: 30, Min: 1, Max: 365, What: "how long before its end the certificate is told"}

var bootstrapCertificate = preflight.Check{
	ID:         "GP518",
	Name:       "bootstrap-certificate",
	Title:      "New nodes of a node pool can't join, or soon can't",
	Severity:   preflight.Warning,
	Steps:      []preflight.Step{preflight.NodesStep},
	Needs:      []facts.Fact{facts.GKENodePools},
	Uses:       []facts.Fact{facts.GKECluster},
	Thresholds: []preflight.Threshold{bootstrapDays},
	Run: func(s *facts.Snapshot) (fs []preflight.Finding) {
		c, _ := facts.GKECluster.Get(s)
		for i, p := range facts.GKENodePools.Of(s) {
			end, field := p.BootstrapCertificate.NonTPM, "nonTPM"
			if tpm := p.BootstrapCertificate.TPM; c.Autopilot || end.IsZero() || !tpm.IsZero() && tpm.Before(end) {
				end, field = tpm, "tpm"
			}
			left := end.Sub(s.Meta.Now())
			if end.IsZero() || left > bootstrapDays.Duration(s) {
				continue
			}
			what := "ends on " + finding.Day(end) + ", in " + finding.Age(left) + "; from then on"
			if left <= 0 {
				what = "ended on " + finding.Day(end) + ";"
			}
			f := preflight.Finding{
				Severity: preflight.Warning, Subject: finding.PoolSubject(p),
				Summary:  fmt.Sprintf("node pool %s: the certificate by which its new nodes join %s a node that is repaired, drained or added does not come back", p.Name, what),
				Evidence: []preflight.Evidence{finding.EvidenceOf(facts.GKENodePools, end, "", "/%d/bootstrapCertificate/%s", i, field)},
				Steps: remedy.Do("keep auto-repair from taking nodes away until the node pool has a new one", finding.PoolCommand(s, "update", p.Name, "--no-enable-autorepair")).
					Then("upgrade or recreate the node pool, which gives it a new one"),
			}
			if c.Autopilot {
				f.Steps = remedy.Do("tell Google's support, with the name of the node pool: GKE keeps the nodes of Autopilot")
			}
			fs = append(fs, f)
		}
		return fs
	},
}
