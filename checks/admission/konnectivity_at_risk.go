package admission

import (
	"fmt"

	"github.com/gke-preflight/gke-preflight/checks/finding"
	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/remedy"
)

var konnectivityAtRisk = preflight.Check{
	ID:       "GP152",
	Name:     "konnectivity-at-risk",
	Title:    "The way from the control plane into the cluster is down or in one place",
	Severity: preflight.Warning,
	Steps:    []preflight.Step{preflight.ControlPlaneStep},
	Needs:    []facts.Fact{facts.KonnectivityAgents, facts.Nodes},
	Run: func(s *facts.Snapshot) []preflight.Finding {
		agents := facts.KonnectivityAgents.Of(s)
		zoneOf, zones := map[string]string{}, map[string]bool{}
		for _, n := range facts.Nodes.Of(s) {
			zoneOf[n.Name], zones[n.Zone] = n.Zone, true
		}
		var evidence []preflight.Evidence
		ready, here, hereZones := 0, map[string]bool{}, map[string]bool{}
		for i, a := range agents {
			if a.Ready {
				ready++
				here[a.Node], hereZones[zoneOf[a.Node]] = true, true
			}
			if len(evidence) < 3 {
				evidence = append(evidence, finding.EvidenceOf(facts.KonnectivityAgents, a.Ready, "pod "+a.Name+" on "+a.Node, "/%d/ready", i))
			}
		}
		f := preflight.Finding{Severity: preflight.Warning, Evidence: evidence,
			Subject: preflight.Subject{Kind: "Deployment", Namespace: "kube-system", Name: "konnectivity-agent"},
			Steps:   remedy.Do("look where the agents are, and let them find another node with room", remedy.Sh(lookAtAgents), remedy.Sh("kubectl get nodes --output wide"))}
		const lost = "no webhook, aggregated API, log or exec can be reached"
		switch {
		case len(agents) == 0:
			return nil
		case ready == 0:
			f.Summary = fmt.Sprintf("none of the %d konnectivity agents is ready; from the control plane %s", len(agents), lost)
			f.Steps = remedy.Do("bring an agent back before the upgrade", remedy.Sh(lookAtAgents), remedy.Sh("kubectl --namespace kube-system describe pods --selector k8s-app=konnectivity-agent"))
		case inOne(here) && len(zoneOf) > 1:
			f.Summary = fmt.Sprintf("all ready konnectivity agents are on node %s; while it is drained or down, %s", only(here), lost)
		case inOne(hereZones) && len(zones) > 1:
			f.Summary = fmt.Sprintf("all ready konnectivity agents are in zone %s; if it fails, %s", only(hereZones), lost)
		default:
			return nil
		}
		return []preflight.Finding{f}
	},
}

const lookAtAgents = "kubectl --namespace kube-system get pods --selector k8s-app=konnectivity-agent --output wide"
