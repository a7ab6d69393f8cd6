package cluster

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/gke-preflight/gke-preflight/checks/finding"
	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/remedy"
)

var automaticUpgradesPaused = preflight.Check{
	ID:       "GP506",
	Name:     "automatic-upgrades-paused",
	Title:    "GKE holds back its own upgrades of the control plane",
	Severity: preflight.Warning,
	Steps:    []preflight.Step{preflight.ControlPlaneStep},
	Needs:    []facts.Fact{facts.GKEUpgradeInfo},
	Uses:     []facts.Fact{facts.GKENodePoolUpgradeInfo},
	Run: func(s *facts.Snapshot) (fs []preflight.Finding) {
		u := facts.GKEUpgradeInfo.Of(s)
		f := preflight.Finding{Severity: preflight.Info, Subject: finding.ClusterSubject(s)}
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
			f.Evidence = append(f.Evidence, finding.EvidenceOf(facts.GKEUpgradeInfo, reason, "", "/pausedReasons/%d", i))
		}
		for _, status := range u.AutoUpgrade {
			switch status {
			case "ACTIVE", "MINOR_UPGRADE_PAUSED", "UPGRADE_PAUSED", "UNKNOWN":
			default:
				fs = append(fs, preflight.Finding{Severity: preflight.Warning, Subject: f.Subject,
					Undecided: fmt.Sprintf("GKE's own upgrades of the control plane are in state %s, which this version of gke-preflight does not know", status)})
			}
		}
		fs = append(append(fs, pausedPools(s, u.PausedReasons)...), finding.Unread(s, facts.GKENodePoolUpgradeInfo, "whether GKE holds back its own upgrades of node pools")...)
		if len(parts) == 0 {
			return fs
		}
		f.Summary = fmt.Sprintf("cluster %s: GKE holds back its own upgrades, since %s; an upgrade by hand does not wait for that", s.Meta.Cluster.Name, strings.Join(parts, ", and "))
		f.Steps = remedy.Do("find out whether the reason holds for this upgrade as well", finding.ClusterCommand(s, "get-upgrade-info"))
		return append([]preflight.Finding{f}, fs...)
	},
}

// pausedPools finds the node pools that GKE does not upgrade by itself, for reasons
// that are not the whole cluster's.
func pausedPools(s *facts.Snapshot, ofCluster []string) (fs []preflight.Finding) {
	pools, _ := facts.GKENodePoolUpgradeInfo.Get(s)
	paused := map[string][]string{}
	evidence := map[string]preflight.Evidence{}
	for _, name := range slices.Sorted(maps.Keys(pools)) {
		for i, reason := range pools[name].PausedReasons {
			if words, known := pauseWords(reason); slices.Contains(ofCluster, reason) || known && words == "" {
				continue
			}
			if paused[reason] == nil {
				evidence[reason] = finding.EvidenceOf(facts.GKENodePoolUpgradeInfo, reason, "", "/%s/pausedReasons/%d", name, i)
			}
			paused[reason] = append(paused[reason], name)
		}
	}
	for _, reason := range slices.Sorted(maps.Keys(paused)) {
		f := preflight.Finding{Severity: preflight.Info, Subject: preflight.Subject{Kind: "NodePools", Name: reason}, Evidence: []preflight.Evidence{evidence[reason]},
			Steps: remedy.Do("see whether they are meant to stay behind, and upgrade them by hand after the control plane if not", finding.ClusterCommand(s, "upgrade", "--node-pool", paused[reason][0])).Upgrading(remedy.Nodes)}
		words, known := pauseWords(reason)
		which := fmt.Sprintf("%s (%s)", finding.Count(len(paused[reason]), "node pool"), finding.NamesOf(paused[reason]))
		if !known {
			f.Undecided = fmt.Sprintf("GKE pauses its upgrades of %s for reason %s, which this version of gke-preflight does not know", which, reason)
		}
		f.Summary = fmt.Sprintf("GKE holds back its own upgrades of %s, since %s; the nodes stay behind the control plane", which, words)
		fs = append(fs, f)
	}
	return fs
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
