package addons

import (
	"slices"

	"github.com/gke-preflight/gke-preflight/preflight/simulation"
)

// Known returns the add-on that registers a webhook configuration or policy of that kind
// and name, or a webhook of that name; false if none of the map does. Names that
// frameworks give to the webhooks of many are no evidence by themselves.
func Known(kind, name, webhook string) (Addon, bool) {
	var found string
	for _, r := range Rows() {
		for _, g := range r.Registers {
			switch {
			case g.Kind != kind:
			case g.Name == name && !generated(name):
				return Find(r.Addon)
			case webhook != "" && g.Webhook == webhook && found != r.Addon && found != "":
				// Two of them use the name.
				found = ambiguous
			case webhook != "" && g.Webhook == webhook && found == "":
				found = r.Addon
			}
		}
	}
	return Find(found)
}

// ambiguous is no add-on's name.
const ambiguous = "?"

// generated reports whether a configuration has a name that kubebuilder gives to it where
// its maker gives none.
func generated(name string) bool {
	return name == "validating-webhook-configuration" || name == "mutating-webhook-configuration"
}

// Advice are the changes that make any install of the add-on safe, each once.
func (a Addon) Advice() []string {
	var all []string
	for _, r := range Rows() {
		for _, s := range r.Safe {
			if r.Addon == a.Name && s.Verdict == simulation.Clear && !slices.Contains(all, s.Say) {
				all = append(all, s.Say)
			}
		}
	}
	return all
}

// Verdict is the worst of the add-on's rows.
func (a Addon) Verdict() simulation.Verdict {
	v := simulation.NoEffect
	for _, r := range Rows() {
		if r.Addon == a.Name && simulation.Worse(r.Verdict, v) {
			v = r.Verdict
		}
	}
	return v
}

// Paged reports whether the add-on has a page of its own in docs/map: those that are
// clear in every way to have them have none.
func (a Addon) Paged() bool {
	v := a.Verdict()
	return v == simulation.Endangered || v == simulation.Undecided
}
