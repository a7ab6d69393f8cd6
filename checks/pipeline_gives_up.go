package checks

import (
	"fmt"
	"time"

	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// upgradeTimeout is how long Terraform's google provider waits for a change of a
// cluster unless told otherwise (google_container_cluster, timeouts, update).
const upgradeTimeout = time.Hour

var pipelineGivesUp = preflight.Check{
	ID:       "GP524",
	Name:     "pipeline-gives-up",
	Title:    "The pipeline waits for less time than an upgrade of this cluster takes",
	Severity: preflight.Warning,
	Needs:    []facts.Fact{facts.GKEOperations, facts.GKEUpgradeInfo},
	Moot: func(m facts.Meta) string {
		if m.UpgradeTimeoutSeconds == 0 {
			return "how long the pipeline waits was not said: pass --upgrade-timeout"
		}
		return ""
	},
	Run: func(s *facts.Snapshot) []preflight.Finding {
		given := time.Duration(s.Meta.UpgradeTimeoutSeconds) * time.Second
		longest, e := longestUpgrade(s)
		f := preflight.Finding{
			Severity: preflight.Warning, Subject: clusterSubject(s),
			Remedy: "let it wait for an hour or longer; where it gave up, GKE goes on, so wait for the operation before trying again:\ngcloud container operations list --filter \"operationType=UPGRADE_MASTER\" " + clusterFlags(s),
		}
		switch {
		case longest > given:
			f.Summary = fmt.Sprintf("the pipeline gives up after %s, and an upgrade of the control plane of cluster %s took %s before; it fails while GKE goes on, and the next try is refused", age(given), s.Meta.Cluster.Name, age(longest))
		case given >= upgradeTimeout:
			return nil
		case longest == 0:
			f.Summary = fmt.Sprintf("the pipeline gives up after %s, and how long an upgrade of cluster %s takes is not on record; Terraform itself would wait for %s", age(given), s.Meta.Cluster.Name, age(upgradeTimeout))
		default:
			f.Severity = preflight.Info
			f.Summary = fmt.Sprintf("the pipeline gives up after %s; that was enough for the upgrades of cluster %s so far, of which the longest took %s, and Terraform itself would wait for %s", age(given), s.Meta.Cluster.Name, age(longest), age(upgradeTimeout))
		}
		if e.Fact != "" {
			f.Evidence = []preflight.Evidence{e}
		}
		return []preflight.Finding{f}
	},
}

// longestUpgrade is how long the longest successful upgrade of the control plane
// took; zero if none is on record.
func longestUpgrade(s *facts.Snapshot) (longest time.Duration, e preflight.Evidence) {
	for i, u := range facts.GKEUpgradeInfo.Of(s).History {
		if took := u.End.Sub(u.Start); u.State == "SUCCEEDED" && !u.Start.IsZero() && took > longest {
			longest, e = took, evidenceOf(facts.GKEUpgradeInfo, u.End, fmt.Sprintf("%s to %s took %s", u.From, u.To, age(took)), "/history/%d/end", i)
		}
	}
	for i, o := range facts.GKEOperations.Of(s) {
		if took := o.End.Sub(o.Start); o.Type == "UPGRADE_MASTER" && !underWay(o) && o.Error == "" && !o.Start.IsZero() && took > longest {
			longest, e = took, evidenceOf(facts.GKEOperations, o.End, "UPGRADE_MASTER took "+age(took), "/%d/end", i)
		}
	}
	return longest, e
}
