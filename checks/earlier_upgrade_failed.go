package checks

import (
	"fmt"
	"time"

	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

var earlierUpgradeFailed = preflight.Check{
	ID:       "GP503",
	Name:     "earlier-upgrade-failed",
	Title:    "An earlier upgrade of the control plane failed",
	Severity: preflight.Warning,
	Needs:    []facts.Fact{facts.GKEOperations, facts.GKEUpgradeInfo},
	Run: func(s *facts.Snapshot) []preflight.Finding {
		failed := failedOperations(s)
		for i, u := range facts.GKEUpgradeInfo.Of(s).History {
			if u.State == "FAILED" {
				failed = append(failed, preflight.Evidence{
					Fact: facts.GKEUpgradeInfo.ID(), Path: fmt.Sprintf("/history/%d/state", i), Value: u.State,
					Note: fmt.Sprintf("%s to %s on %s", u.From, u.To, u.Start.UTC().Format(time.DateOnly)),
				})
			}
		}
		if len(failed) == 0 {
			return nil
		}
		return []preflight.Finding{{
			Severity: preflight.Warning,
			Subject:  clusterSubject(s),
			Summary:  fmt.Sprintf("cluster %s: an earlier upgrade of the control plane failed (%s: %v); its cause may still be there", s.Meta.Cluster.Name, failed[0].Note, failed[0].Value),
			Evidence: failed,
			Remedy:   "find the cause before trying again:\ngcloud container operations list --filter \"operationType=UPGRADE_MASTER\" " + clusterFlags(s),
		}}
	},
}

// failedOperations are the failed upgrades and repairs of the control plane. A
// failed operation is DONE with an error: there is no status for it
// (containerpb cluster_service.proto, Operation).
func failedOperations(s *facts.Snapshot) (es []preflight.Evidence) {
	for i, o := range facts.GKEOperations.Of(s) {
		if o.Type != "UPGRADE_MASTER" || o.Error == "" {
			continue
		}
		es = append(es, preflight.Evidence{
			Fact: facts.GKEOperations.ID(), Path: fmt.Sprintf("/%d/error", i), Value: o.Error,
			Note: fmt.Sprintf("%s on %s", o.Type, o.Start.UTC().Format(time.DateOnly)),
		})
	}
	return es
}
