package checks

import (
	"fmt"
	"strings"

	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

var automaticUpgradesPaused = preflight.Check{
	ID:       "GP506",
	Name:     "automatic-upgrades-paused",
	Title:    "GKE holds back its own upgrades of the control plane",
	Severity: preflight.Warning,
	Needs:    []facts.Fact{facts.GKEUpgradeInfo},
	Run: func(s *facts.Snapshot) (fs []preflight.Finding) {
		u := facts.GKEUpgradeInfo.Of(s)
		f := preflight.Finding{Severity: preflight.Info, Subject: clusterSubject(s)}
		var parts []string
		for i, reason := range u.PausedReasons {
			words, known := pauseWords(reason)
			switch {
			case !known:
				fs = append(fs, preflight.Finding{Severity: preflight.Warning, Subject: f.Subject,
					Undecided: fmt.Sprintf("GKE pauses its upgrades of the control plane for reason %s, which this version of gke-preflight does not know", reason)})
				continue
			case words == "":
				continue
			case reason == "SYSTEM_CONFIG":
				f.Severity = preflight.Warning
			}
			parts = append(parts, words)
			f.Evidence = append(f.Evidence, evidenceOf(facts.GKEUpgradeInfo, reason, "", "/pausedReasons/%d", i))
		}
		for _, status := range u.AutoUpgrade {
			switch status {
			case "ACTIVE", "MINOR_UPGRADE_PAUSED", "UPGRADE_PAUSED", "UNKNOWN":
			default:
				fs = append(fs, preflight.Finding{Severity: preflight.Warning, Subject: f.Subject,
					Undecided: fmt.Sprintf("GKE's own upgrades of the control plane are in state %s, which this version of gke-preflight does not know", status)})
			}
		}
		if len(parts) == 0 {
			return fs
		}
		f.Summary = fmt.Sprintf("cluster %s: GKE holds back its own upgrades, since %s; an upgrade by hand does not wait for that", s.Meta.Cluster.Name, strings.Join(parts, ", and "))
		f.Remedy = "find out whether the reason holds for this upgrade as well:\n" + clusterCommand(s, "get-upgrade-info")
		return append([]preflight.Finding{f}, fs...)
	},
}

// pauseWords says why GKE pauses its own upgrades (containerpb
// cluster_service.proto, ClusterUpgradeInfo.AutoUpgradePausedReason); empty for
// what is so by the clock alone.
func pauseWords(reason string) (words string, known bool) {
	switch reason {
	case "MAINTENANCE_WINDOW":
		return "", true
	case "SYSTEM_CONFIG":
		return "Google itself paused them, as it does when calls of APIs that the next minor removes are seen", true
	case "CLUSTER_DISRUPTION_BUDGET", "CLUSTER_DISRUPTION_BUDGET_MINOR_UPGRADE":
		return "the last upgrade is too recent for the cluster's disruption budget", true
	case "MAINTENANCE_EXCLUSION_NO_UPGRADES":
		return "a maintenance exclusion forbids every upgrade", true
	case "MAINTENANCE_EXCLUSION_NO_MINOR_UPGRADES":
		return "a maintenance exclusion forbids upgrades to a new minor", true
	}
	return "", false
}
