package versions

import (
	"fmt"
	"slices"

	"github.com/gke-preflight/gke-preflight/checks/finding"
	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/remedy"
	"github.com/gke-preflight/gke-preflight/preflight/wayback"
)

var rollBackHours = preflight.Threshold{Check: "GP306", Name: "hours", Default: 6, Min: 0, Max: 168, What: "how much of the soak period is left when information becomes a warning"}

var upgradeSoaking = preflight.Check{
	ID:         "GP306",
	Name:       "upgrade-soaking",
	Title:      "A two-step upgrade is between its steps",
	Severity:   preflight.Warning,
	Steps:      []preflight.Step{preflight.ControlPlaneStep},
	Needs:      []facts.Fact{facts.GKECluster, facts.GKEUpgradeInfo},
	Uses:       []facts.Fact{facts.GKENodePools},
	Thresholds: []preflight.Threshold{rollBackHours},
	Run: func(s *facts.Snapshot) []preflight.Finding {
		back, soaks := wayback.Soak(s)
		if !soaks {
			return nil
		}
		c := facts.GKECluster.Of(s)
		what := fmt.Sprintf("cluster %s runs %s", c.Name, c.Version)
		f := preflight.Finding{Severity: preflight.Warning, Subject: finding.ClusterSubject(s)}
		if c.EmulatedVersion != "" {
			what += " and still serves " + c.EmulatedVersion
			f.Evidence = append(f.Evidence, finding.EvidenceOf(facts.GKECluster, c.EmulatedVersion, "is emulated", "/emulatedVersion"))
		}
		if back.Way == wayback.Unknown {
			f.Undecided = what + ", and " + back.Open
			return []preflight.Finding{f}
		}
		left := back.Until.Sub(s.Meta.Now())
		until := finding.Moment(back.Until)
		f.Evidence = append(f.Evidence, finding.EvidenceOf(facts.GKEUpgradeInfo, back.Until, "the soak period ends", "/rollback/until"))
		f.Steps = remedy.Do("check the second step", checkFirst(line(c.Version))).
			Then("complete it", finding.ClusterCommand(s, "complete-control-plane-upgrade")).Upgrading(remedy.ControlPlane)
		switch {
		case back.Way == wayback.SoakOver:
			f.Summary = fmt.Sprintf("%s, and its soak period ended at %s; it can't be rolled back to %s any more", what, until, back.To)
			return []preflight.Finding{f}
		case left <= rollBackHours.Duration(s):
			f.Summary = fmt.Sprintf("%s; it can be rolled back to %s for %s only, until %s", what, back.To, finding.Age(left), until)
		default:
			f.Severity = preflight.Info
			f.Summary = fmt.Sprintf("%s; it can be rolled back to %s until %s, in %s", what, back.To, until, finding.Age(left))
		}
		f.Steps = rollBack(s, f.Steps, back)
		if back.Newer != nil {
			f.Summary += newerNodes(s, back.Newer, &f)
		}
		open := finding.Unread(s, facts.GKENodePools, "whether nodes are newer by now than what it would be rolled back to is not known")
		return append([]preflight.Finding{f}, open...)
	},
}

// rollBack adds how to roll back, and before it how to take nodes back that were upgraded
// in between.
func rollBack(s *facts.Snapshot, steps remedy.Steps, back wayback.Back) remedy.Steps {
	master := finding.ClusterCommand(s, "upgrade", "--master", "--cluster-version", back.To)
	if back.Newer == nil {
		return steps.Or("roll back", master).Upgrading(remedy.ControlPlane)
	}
	var pools []remedy.Command
	for _, pool := range back.Newer {
		pools = append(pools, finding.ClusterCommand(s, "upgrade", "--node-pool", pool, "--cluster-version", back.To))
	}
	return steps.Or("take those node pools back first", pools...).Upgrading(remedy.Nodes).Then("roll back", master).Upgrading(remedy.ControlPlane)
}

// newerNodes says which node pools stand in the way back, with their evidence.
func newerNodes(s *facts.Snapshot, names []string, f *preflight.Finding) string {
	for i, p := range facts.GKENodePools.Of(s) {
		if slices.Contains(names, p.Name) {
			f.Evidence = append(f.Evidence, finding.EvidenceOf(facts.GKENodePools, p.Version, "node pool "+p.Name, "/%d/version", i))
		}
	}
	return fmt.Sprintf("; nodes were upgraded in between (%s) and stand in the way of that, for none may be newer than its control plane", finding.NamesOf(names))
}
