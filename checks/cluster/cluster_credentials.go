package cluster

import (
	"fmt"
	"slices"
	"time"

	"github.com/gke-preflight/gke-preflight/checks/finding"
	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/remedy"
)

// caRotated is how long before its end GKE rotates a CA by itself.
const caRotated = 30 * 24 * time.Hour

// authorityDays leaves time to do it by hand before that.
var authorityDays = preflight.Threshold{Check: "GP514", Name: "days", Default: 90, Min: 30, Max: 1825, What: "how long before the end of the cluster's authority it is told"}

var clusterCredentials = preflight.Check{
	ID:         "GP514",
	Name:       "cluster-credentials",
	Title:      "A rotation of the cluster's credentials is unfinished, or due",
	Severity:   preflight.Blocker,
	Steps:      []preflight.Step{preflight.ControlPlaneStep},
	Needs:      []facts.Fact{facts.GKESettings},
	Thresholds: []preflight.Threshold{authorityDays},
	Run: func(s *facts.Snapshot) []preflight.Finding {
		ends := facts.GKESettings.Of(s).CANotAfter
		f := preflight.Finding{Severity: preflight.Warning, Subject: finding.ClusterSubject(s)}
		if len(ends) == 0 {
			f.Undecided = "GKE tells no certificate of the cluster's authority"
			return []preflight.Finding{f}
		}
		first := 0
		for i, end := range ends {
			if end.IsZero() {
				f.Undecided = "a certificate of the cluster's authority can't be read"
				return []preflight.Finding{f}
			}
			if end.Before(ends[first]) {
				first = i
			}
		}
		left := ends[first].Sub(s.Meta.Now())
		name := s.Meta.Cluster.Name
		f.Evidence = []preflight.Evidence{finding.EvidenceOf(facts.GKESettings, ends[first], "the first to end", "/caNotAfter/%d", first)}
		f.Steps = remedy.Do("rotate the credentials before upgrading; each node is made anew for that", finding.ClusterCommand(s, "update", "--start-credential-rotation"))
		switch {
		case len(ends) > 1 && (left > 0 || slices.ContainsFunc(ends, s.Meta.CollectedAt.Before)):
			f.Summary = fmt.Sprintf("cluster %s: a rotation of credentials was begun and not completed: %d certificate authorities are in use; an upgrade beside it adds to what is half done", name, len(ends))
			f.Steps = remedy.Do("make all clients and nodes use the new one").Then("complete it", finding.ClusterCommand(s, "update", "--complete-credential-rotation"))
		case left <= 0:
			f.Severity = preflight.Blocker
			f.Summary = fmt.Sprintf("cluster %s: its certificate authority ended on %s; nodes and clients no longer trust the control plane", name, finding.Day(ends[first]))
		case left <= caRotated:
			f.Summary = fmt.Sprintf("cluster %s: its certificate authority ends on %s, in %s; GKE rotates it by itself at any time now, whatever window there is, and remakes all nodes", name, finding.Day(ends[first]), finding.Age(left))
		case left <= authorityDays.Duration(s):
			f.Severity = preflight.Info
			f.Summary = fmt.Sprintf("cluster %s: its certificate authority ends on %s, in %s; 30 days before that GKE rotates it by itself, whatever window there is", name, finding.Day(ends[first]), finding.Age(left))
		default:
			return nil
		}
		return []preflight.Finding{f}
	},
}
