package preflight

import (
	"github.com/gke-preflight/gke-preflight/preflight/addons"
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
	// Do is the change that makes it safe, in the imperative; empty where none is known.
	Do string `json:"do,omitempty"`
	// Docs is [AddonURL].
	Docs string `json:"docs"`
}

// knownAddon is the add-on that registers a webhook or policy of exactly those names; nil
// if none of the map does.
func knownAddon(s Subject) *KnownAddon {
	a, ok := addons.Known(s.Kind, s.Name, s.Webhook)
	if !ok {
		return nil
	}
	return &KnownAddon{a.Name, a.Title, a.Verdict(), a.Advice(s.Webhook), AddonURL(a)}
}

// AddonURL is where the manual tells of an add-on: its page, or the map where it has none.
func AddonURL(a addons.Addon) string {
	if !a.Paged() {
		return manual + "map.md"
	}
	return manual + "map/" + a.Name + ".md"
}
