package preflight

import (
	"slices"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"

	"github.com/gke-preflight/gke-preflight/preflight/addons"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/simulation"
)

// A KnownAddon is the add-on by which the map of add-ons knows what a finding is about.
// Its texts are the map's, never the cluster's.
type KnownAddon struct {
	// Name is the map's, in lower case.
	Name  string `json:"name"`
	Title string `json:"title"`
	// Verdict is the worst of the ways to have it, while its backend is down.
	Verdict simulation.Verdict `json:"verdict"`
	// Do is the change that makes it safe, in the imperative; empty where none is known, and
	// of a webhook that no change makes milder than it is.
	Do string `json:"do,omitempty"`
	// Docs is [AddonURL].
	Docs string `json:"docs"`
}

// Addon is the add-on that registers a webhook or policy of exactly those names; nil if
// none of the map does.
func Addon(s Subject) *KnownAddon {
	a, ok := addons.Known(s.Kind, s.Name, s.Webhook)
	if !ok {
		return nil
	}
	return &KnownAddon{a.Name, a.Title, a.Verdict(), a.Advice(s.Webhook), AddonURL(a)}
}

// settled takes back what the map would change of webhooks that are mild already.
func settled(s *facts.Snapshot, r Result) Result {
	for _, fs := range [][]Finding{r.Findings, r.Open} {
		for _, f := range fs {
			if f.Addon != nil && mild(s, f.Subject) {
				f.Addon.Do = ""
			}
		}
	}
	return r
}

// mild reports whether the webhook fails open after a second, which is the least that one
// can wait.
func mild(s *facts.Snapshot, subject Subject) bool {
	return slices.ContainsFunc(addons.RegisteredAs(s, subject.Kind, subject.Name), func(r addons.Registered) bool {
		return r.Webhook != "" && r.Webhook == subject.Webhook && r.FailurePolicy == string(admissionregistrationv1.Ignore) && r.TimeoutSeconds == 1
	})
}

// AddonURL is where the manual tells of an add-on: its page, or the map where it has none.
func AddonURL(a addons.Addon) string {
	if !a.Paged() {
		return manual + "map.md"
	}
	return manual + "map/" + a.Name + ".md"
}
