package versions

import (
	"cmp"
	"fmt"

	"github.com/gke-preflight/gke-preflight/checks/finding"
	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/remedy"
)

var rollBackHours = preflight.Threshold{Check: "GP306", Name: "hours", Default: 6, Min: 0, Max: 168, What: "how much of the soak period is left when information becomes a warning"}

var upgradeSoaking = preflight.Check{
	ID:         "GP306",
	Name:       "upgrade-soaking",
	Title:      "A two-step upgrade is between its steps",
	Severity:   preflight.Warning,
	Steps:      []preflight.Step{preflight.ControlPlaneStep},
	Needs:      []facts.Fact{facts.GKECluster, facts.GKEUpgradeInfo},
	Thresholds: []preflight.Threshold{rollBackHours},
	Run: func(s *facts.Snapshot) []preflight.Finding {
		c, r := facts.GKECluster.Of(s), facts.GKEUpgradeInfo.Of(s).Rollback
		if c.EmulatedVersion == "" && r == nil {
			return nil
		}
		what := fmt.Sprintf("cluster %s runs %s", c.Name, c.Version)
		f := preflight.Finding{Severity: preflight.Warning, Subject: finding.ClusterSubject(s)}
		if c.EmulatedVersion != "" {
			what += " and still serves " + c.EmulatedVersion
			f.Evidence = append(f.Evidence, finding.EvidenceOf(facts.GKECluster, c.EmulatedVersion, "is emulated", "/emulatedVersion"))
		}
		if r == nil || r.Mode != "KCP_MINOR_UPGRADE_ROLLBACK_SAFE_MODE" || r.Until.IsZero() {
			f.Undecided = what + ", and GKE does not say for how long it can be rolled back"
			if r != nil {
				f.Undecided += fmt.Sprintf(" (mode %s)", r.Mode)
			}
			return []preflight.Finding{f}
		}
		back := cmp.Or(r.Previous, c.EmulatedVersion)
		left := r.Until.Sub(s.Meta.Now())
		until := r.Until.UTC().Format("2006-01-02 15:04 UTC")
		f.Evidence = append(f.Evidence, finding.EvidenceOf(facts.GKEUpgradeInfo, r.Until, "the soak period ends", "/rollback/until"))
		f.Steps = remedy.Do("check the second step", checkFirst(line(c.Version))).
			Then("complete it", finding.ClusterCommand(s, "complete-control-plane-upgrade")).Upgrading(remedy.ControlPlane).
			Or("roll back", finding.ClusterCommand(s, "upgrade", "--master", "--cluster-version", back)).Upgrading(remedy.ControlPlane)
		switch {
		case left <= 0:
			f.Summary = fmt.Sprintf("%s, and its soak period ended at %s; it can't be rolled back to %s any more", what, until, back)
			f.Steps = f.Steps[:2]
		case left <= rollBackHours.Duration(s):
			f.Summary = fmt.Sprintf("%s; it can be rolled back to %s for %s only, until %s", what, back, finding.Age(left), until)
		default:
			f.Severity = preflight.Info
			f.Summary = fmt.Sprintf("%s; it can be rolled back to %s until %s, in %s", what, back, until, finding.Age(left))
		}
		return []preflight.Finding{f}
	},
}
