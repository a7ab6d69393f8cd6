package addons

import (
	"slices"
	"strings"

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

// Advice is the change that makes the add-on safe where it loses most by that webhook,
// proven there; by any of them if webhook is empty. It is empty where nothing is lost by
// it, or no change is known.
func (a Addon) Advice(webhook string) string {
	var say string
	most := 0
	for _, r := range Rows() {
		n := slices.IndexFunc(r.Safe, func(s Judged) bool { return s.Verdict == simulation.Clear })
		if r.Addon != a.Name || n < 0 {
			continue
		}
		if lost := r.lostBy(webhook); lost > most {
			say, most = r.Safe[n].Say, lost
		}
	}
	return say
}

// lostBy counts what is lost by a webhook of that name, or by any.
func (r Row) lostBy(webhook string) (n int) {
	for _, l := range r.Lost {
		if slices.ContainsFunc(l.By, func(by string) bool { return webhook == "" || strings.HasPrefix(by, webhook+" (") }) {
			n++
		}
	}
	return n
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
