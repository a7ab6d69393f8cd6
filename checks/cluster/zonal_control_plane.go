package cluster

import (
	"fmt"
	"regexp"

	"github.com/gke-preflight/gke-preflight/checks/finding"
	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/remedy"
)

// zone is how a zone is named: its region, and a letter.
var zone = regexp.MustCompile(`^[a-z]+-[a-z]+[0-9]+-[a-z]+$`)

var zonalControlPlane = preflight.Check{
	ID:       "GP510",
	Name:     "zonal-control-plane",
	Title:    "The control plane is a single replica",
	Severity: preflight.Info,
	Steps:    []preflight.Step{preflight.ControlPlaneStep},
	Needs:    []facts.Fact{facts.GKECluster},
	Run: func(s *facts.Snapshot) []preflight.Finding {
		c := facts.GKECluster.Of(s)
		f := preflight.Finding{Severity: preflight.Info, Subject: finding.ClusterSubject(s)}
		switch {
		case c.Location == "":
			f.Undecided = "GKE does not tell where the control plane is"
		case zone.MatchString(c.Location):
			f.Summary = fmt.Sprintf("cluster %s has its control plane in the one zone %s, as a single replica: while that is upgraded the API may be away for some minutes, and if the new one does not get ready, there is none", c.Name, c.Location)
			f.Evidence = []preflight.Evidence{finding.EvidenceOf(facts.GKECluster, c.Location, "a zone", "/location")}
			f.Steps = remedy.Do("upgrade when nothing has to be deployed or scaled; only a new cluster can have a control plane in several zones")
		default:
			return nil
		}
		return []preflight.Finding{f}
	},
}
