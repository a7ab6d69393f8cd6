package versions

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/gke-preflight/gke-preflight/checks/finding"
	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/remedy"
)

var supportDays = preflight.Threshold{Check: "GP304", Name: "days", Default: 90, Min: 1, Max: 730, What: "how long before the end of support it is told"}

var endOfSupport = preflight.Check{
	ID:         "GP304",
	Name:       "end-of-support",
	Title:      "The version that runs is out of support, or soon will be",
	Severity:   preflight.Warning,
	Steps:      []preflight.Step{preflight.ControlPlaneStep},
	Needs:      []facts.Fact{facts.GKECluster, facts.GKEUpgradeInfo, facts.GKENodePoolUpgradeInfo},
	Thresholds: []preflight.Threshold{supportDays},
	Run: func(s *facts.Snapshot) []preflight.Finding {
		c := facts.GKECluster.Of(s)
		fs := outOfSupport(s, preflight.Finding{Subject: finding.ClusterSubject(s), Summary: fmt.Sprintf("cluster %s runs %s", c.Name, c.Version),
			Steps: remedy.Do("upgrade to a version that stays in support for longer, at a time of your own choice", finding.ClusterCommand(s, "upgrade", "--master", "--cluster-version", "VERSION")).
				Upgrading(remedy.ControlPlane).Where("VERSION", "one that is on offer", ServerConfig(s))},
			facts.GKEUpgradeInfo, facts.GKEUpgradeInfo.Of(s), "")
		pools := facts.GKENodePoolUpgradeInfo.Of(s)
		for _, name := range slices.Sorted(maps.Keys(pools)) {
			fs = append(fs, outOfSupport(s, preflight.Finding{Subject: preflight.Subject{Kind: "NodePool", Name: name}, Summary: "node pool " + name,
				Steps: remedy.Do("upgrade the node pool after the control plane", finding.ClusterCommand(s, "upgrade", "--node-pool", name)).Upgrading(remedy.Nodes)},
				facts.GKENodePoolUpgradeInfo, pools[name], "/"+name)...)
		}
		return fs
	},
}

// outOfSupport says when the support that the cluster's channel has ends; f names
// what runs in its summary.
func outOfSupport(s *facts.Snapshot, f preflight.Finding, fact facts.Fact, u facts.UpgradeInfo, path string) []preflight.Finding {
	kind, field, text := "standard", "/endOfStandardSupport", u.EndOfStandard
	if facts.GKECluster.Of(s).Channel == "EXTENDED" {
		kind, field, text = "extended", "/endOfExtendedSupport", u.EndOfExtended
	}
	end, err := supportEnd(text)
	left := end.Sub(s.Meta.Now())
	switch {
	case text == "":
		f.Severity, f.Undecided = preflight.Info, fmt.Sprintf("%s: GKE does not tell when its %s support ends", f.Summary, kind)
	case err != nil:
		f.Severity, f.Undecided = preflight.Info, fmt.Sprintf("%s: the end of its %s support, %q, can't be read", f.Summary, kind, text)
	case left <= 0:
		f.Severity, f.Summary = preflight.Warning, fmt.Sprintf("%s, whose %s support ended on %s; GKE upgrades it by itself, whatever exclusion there is", f.Summary, kind, finding.Day(end))
	case left <= supportDays.Duration(s):
		f.Severity, f.Summary = preflight.Info, fmt.Sprintf("%s, whose %s support ends on %s, in %s; GKE then upgrades it by itself, whatever exclusion there is", f.Summary, kind, finding.Day(end), finding.Age(left))
	default:
		return nil
	}
	if f.Undecided == "" {
		f.Evidence = []preflight.Evidence{finding.EvidenceOf(fact, text, "", "%s%s", path, field)}
	}
	return []preflight.Finding{f}
}

// supportEnd reads the end of a support. GKE tells the day alone, which is the last one.
func supportEnd(text string) (time.Time, error) {
	if day, err := time.Parse(time.DateOnly, text); err == nil {
		return day.Add(24*time.Hour - time.Second), nil
	}
	return time.Parse(time.RFC3339, text)
}
