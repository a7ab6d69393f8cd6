package versions

import (
	"fmt"
	"slices"

	"github.com/gke-preflight/gke-preflight/checks/admission"
	"github.com/gke-preflight/gke-preflight/checks/finding"
	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/bootstrap"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/forecast"
	"github.com/gke-preflight/gke-preflight/preflight/remedy"
	"github.com/gke-preflight/gke-preflight/preflight/wayback"
)

var twoStepUpgrade = preflight.Check{
	ID:       "GP305",
	Name:     "two-step-upgrade",
	Title:    "The upgrade could be taken in two steps, of which the first can be undone",
	Severity: preflight.Info,
	Steps:    []preflight.Step{preflight.ControlPlaneStep},
	Needs:    append(admission.StartupNeeds(), facts.GKECluster),
	Uses:     append(admission.StartupUses(), facts.GKESettings),
	Run: func(s *facts.Snapshot) []preflight.Finding {
		hop, problem := bootstrap.HopOf(s)
		if back := wayback.OfControlPlane(s); problem != "" || back.Way != wayback.OneStep || !back.Choice {
			return nil
		}
		cp := forecast.Of(s).ControlPlane
		watchers := watching(s, cp)
		if len(watchers) == 0 || cp.Outcome.Fails() {
			return openInfo(s)
		}
		c := facts.GKECluster.Of(s)
		return append([]preflight.Finding{{
			Severity: preflight.Info, Subject: finding.ClusterSubject(s),
			Summary: fmt.Sprintf("cluster %s: what the new API server writes while it starts is seen by %s (%s), and an upgrade to %s in one step can't be undone; in two steps it can be rolled back for as long as the first one soaks",
				c.Name, finding.Count(len(watchers), "webhook or policy configuration"), finding.NamesOf(watchers), hop.Target.Line()),
			Evidence: []preflight.Evidence{finding.EvidenceOf(facts.GKECluster, c.Version, "runs", "/version")},
			Steps: remedy.Do("take it in two steps", finding.ClusterCommand(s, "upgrade", "--master", "--cluster-version", hop.Target.String(), "--control-plane-soak-duration", "24h")).Upgrading(remedy.ControlPlane).
				Then("check again before the second: what belongs to features that are new in "+hop.Target.Line()+" is written only then", checkFirst(hop.Target.Line())).
				Then("take the second step", finding.ClusterCommand(s, "complete-control-plane-upgrade")).Upgrading(remedy.ControlPlane),
		}}, openInfo(s)...)
	},
}

// watching are the webhook and policy configurations in the path of a write,
// without those of GKE itself, which every cluster has.
func watching(s *facts.Snapshot, cp forecast.ControlPlane) (names []string) {
	ofGKE := admission.OfGKE(s)
	for _, h := range cp.Hooks {
		for _, w := range h.Writes {
			for _, i := range w.InterceptedBy {
				if i.Name != "" && !ofGKE[i.Culprit.Object()] && !slices.Contains(names, i.Name) {
					names = append(names, i.Name)
				}
			}
		}
	}
	slices.Sort(names)
	return names
}

// openInfo are the open hooks, as a check needs them that says no more than what
// is worth knowing.
func openInfo(s *facts.Snapshot) []preflight.Finding {
	fs := admission.OpenHooks(s)
	for i := range fs {
		fs[i].Severity = preflight.Info
	}
	return fs
}
