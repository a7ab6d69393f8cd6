package workloads

import (
	"fmt"

	"github.com/gke-preflight/gke-preflight/checks/finding"
	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/remedy"
	"github.com/gke-preflight/gke-preflight/preflight/version"
	"github.com/gke-preflight/gke-preflight/preflight/words"
)

var addressRefused = preflight.Check{
	ID:       "GP416",
	Name:     "address-refused",
	Title:    "Addresses that newer API servers refuse",
	Severity: preflight.Info,
	Steps:    []preflight.Step{preflight.ControlPlaneStep},
	Needs:    []facts.Fact{facts.LooseAddresses},
	Run: func(s *facts.Snapshot) []preflight.Finding {
		all := facts.LooseAddresses.Of(s)
		if len(all) == 0 || !version.StrictAddresses.In(s.Meta.Target) {
			return nil
		}
		f := preflight.Finding{Severity: preflight.Info, Subject: preflight.Subject{Kind: "Addresses", Name: "loose"}}
		var names []string
		for n, a := range all {
			names = append(names, fmt.Sprintf("%s of %s %s/%s", a.Value, a.Kind, a.Namespace, a.Name))
			if n < finding.MostAlike {
				f.Evidence = append(f.Evidence, finding.EvidenceOf(facts.LooseAddresses, a.Value, a.Field+": "+a.Why, "/%d/value", n))
			}
		}
		f.Summary = fmt.Sprintf("%s not written as API servers from %s on ask for: %s; what is stored works on, and whoever writes it anew is refused",
			finding.Count(len(all), "value"), version.StrictAddresses.Since, words.Some(names, finding.MostAlike))
		f.Steps = remedy.Do("write it without leading zeros, and a range with no bits beyond its prefix, where it is kept", remedy.Sh("kubectl --namespace %s edit %s %s", all[0].Namespace, remedy.Raw(resourceOf(all[0].Kind)), all[0].Name))
		return []preflight.Finding{f}
	},
}

func resourceOf(kind string) string {
	if kind == "Service" {
		return "service"
	}
	return "networkpolicy"
}
