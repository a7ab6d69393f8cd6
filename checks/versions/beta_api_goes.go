package versions

import (
	"fmt"
	"strings"

	"github.com/gke-preflight/gke-preflight/checks/finding"
	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/remedy"
	"github.com/gke-preflight/gke-preflight/preflight/removals"
	"github.com/gke-preflight/gke-preflight/preflight/version"
)

var betaAPIGoes = preflight.Check{
	ID:       "GP316",
	Name:     "beta-api-goes",
	Title:    "A beta API that is turned on is not served by the target",
	Severity: preflight.Warning,
	Steps:    []preflight.Step{preflight.ControlPlaneStep},
	Needs:    []facts.Fact{facts.GKESettings},
	Run: func(s *facts.Snapshot) (fs []preflight.Finding) {
		target, err := version.Parse(s.Meta.Target)
		for i, name := range facts.GKESettings.Of(s).BetaAPIs {
			f := preflight.Finding{Severity: preflight.Warning, Subject: preflight.Subject{Kind: "API", Name: name}}
			a, known := betaAPI(name)
			switch {
			case err != nil:
				f.Undecided = "whether the target serves it is not known: " + err.Error()
			case !known:
				f.Severity, f.Undecided = preflight.Info, "whether the target serves it is not known: this version of gke-preflight has no such API"
			case a.ServedIn(target) || a.Removed == "":
				continue
			default:
				f.Summary = fmt.Sprintf("beta API %s is turned on in the cluster, and is not served from %s on: whoever uses it gets 404 after the upgrade", name, a.Removed)
				if a.Replacement != "" {
					f.Summary += "; " + a.Replacement + " takes its place"
				}
				f.Evidence = []preflight.Evidence{finding.EvidenceOf(facts.GKESettings, name, "is turned on", "/betaAPIs/%d", i)}
				f.Steps = remedy.Do("move what uses it to the version that stays; GP311 and GP315 tell who does, as far as that is to be seen", checkFirst(target.Line()))
			}
			fs = append(fs, f)
		}
		return fs
	},
}

// betaAPI is the API of that name, as GKE writes it: group/version/resource.
func betaAPI(name string) (removals.API, bool) {
	parts := strings.Split(name, "/")
	if len(parts) != 3 {
		return removals.API{}, false
	}
	return removals.Of(parts[0], parts[1], parts[2])
}
