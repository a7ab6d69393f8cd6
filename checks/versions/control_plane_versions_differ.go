package versions

import (
	"fmt"

	"github.com/gke-preflight/gke-preflight/checks/finding"
	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/remedy"
	"github.com/gke-preflight/gke-preflight/preflight/version"
)

var controlPlaneVersionsDiffer = preflight.Check{
	ID:       "GP307",
	Name:     "control-plane-versions-differ",
	Title:    "GKE and the API server tell of different versions",
	Severity: preflight.Blocker,
	Steps:    []preflight.Step{preflight.ControlPlaneStep},
	Needs:    []facts.Fact{facts.ServerVersion, facts.GKECluster},
	Run: func(s *facts.Snapshot) []preflight.Finding {
		c, server := facts.GKECluster.Of(s), facts.ServerVersion.Of(s)
		f := preflight.Finding{Severity: preflight.Blocker, Subject: finding.ClusterSubject(s)}
		gke, err := version.Parse(c.Version)
		answers, err2 := version.Parse(server.GitVersion)
		differ := fmt.Sprintf("GKE says that the control plane of cluster %s runs %s, and the API server that answered says %s", c.Name, c.Version, server.GitVersion)
		switch {
		case err != nil || err2 != nil:
			f.Undecided = differ + ": that can't be compared"
		case version.CompareLine(gke, answers) != 0:
			f.Undecided = differ + ": an upgrade is half done, so what is left of it is not known"
		case version.Older(gke, answers) || version.Older(answers, gke):
			f.Severity = preflight.Warning
			f.Summary = differ + "; a patch is half rolled out, and its replicas differ"
			f.Evidence = []preflight.Evidence{finding.EvidenceOf(facts.GKECluster, c.Version, "", "/version"), finding.EvidenceOf(facts.ServerVersion, server.GitVersion, "", "/gitVersion")}
			f.Steps = remedy.Do("wait until GKE has finished, and find out why if it does not", finding.OperationsOf(s, ""))
		default:
			return nil
		}
		return []preflight.Finding{f}
	},
}

// line is the minor of a version, or the version itself where that can't be read.
func line(text string) string {
	v, err := version.Parse(text)
	if err != nil {
		return text
	}
	return v.Line()
}
