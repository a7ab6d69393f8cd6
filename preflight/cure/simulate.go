package cure

import (
	"slices"
	"strings"

	"github.com/gke-preflight/gke-preflight/preflight/admission"
	"github.com/gke-preflight/gke-preflight/preflight/clocks"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/forecast"
	"github.com/gke-preflight/gke-preflight/preflight/probe"
)

// together returns s with all the patches applied. What backends answered stays.
// Dry-runs that a patched object stopped say nothing of what comes behind it, so
// they are left out.
func together(s *facts.Snapshot, all []patched) *facts.Snapshot {
	after := s
	for _, p := range all {
		before, ok := find(s, p.key)
		if !ok {
			continue
		}
		if next, err := apply(after, before, p.patch); err == nil {
			after = next
		}
	}
	var keys []key
	for _, p := range all {
		keys = append(keys, p.key)
	}
	return outdated(s, after, keys)
}

// outdated returns after without the dry-runs that one of the objects stopped in s, and
// without what was found out about the objects as they were.
func outdated(s, after *facts.Snapshot, keys []key) *facts.Snapshot {
	attempts, ok := facts.Attempts.Get(s)
	evaluated := func(a facts.Attempt) bool {
		return a.Vantage == facts.Evaluated && slices.Contains(keys, keyOf(admission.CulpritOf(a)))
	}
	dryRun := func(a facts.Attempt) bool {
		return a.Vantage == facts.ServerDryRun && (a.Answer == facts.Denied || a.Answer == facts.Hung)
	}
	if !ok || !slices.ContainsFunc(attempts, func(a facts.Attempt) bool { return dryRun(a) || evaluated(a) }) {
		return after
	}
	stops := stoppers(s, keys)
	kept := slices.DeleteFunc(slices.Clone(attempts), func(a facts.Attempt) bool {
		if evaluated(a) {
			return true
		}
		names, seen := stops[a.Write]
		return dryRun(a) && seen && (a.Answer == facts.Hung || slices.ContainsFunc(names, func(n string) bool { return strings.Contains(a.Detail, n) }))
	})
	return after.With(facts.Present(facts.Attempts, kept))
}

// stoppers are, for each start-up write that one of the objects sees, the names
// by which the API server may call it.
func stoppers(s *facts.Snapshot, keys []key) map[string][]string {
	names := map[string][]string{}
	for _, i := range admission.Intercept(s) {
		for _, by := range i.By {
			if slices.Contains(keys, keyOf(by.Culprit())) {
				names[i.Write.Key()] = append(names[i.Write.Key()], `"`+by.Webhook+`"`, "'"+by.Name+"'", `"`+by.Name+`"`)
			}
		}
	}
	return names
}

// isolate returns s with t alone in the upgrade's way. Where t is a precaution
// its backend hangs.
func isolate(s *facts.Snapshot, all troubles, t trouble) *facts.Snapshot {
	var others []key
	for _, o := range all {
		if o.key != t.key {
			others = append(others, o.key)
		}
	}
	ground := without(s, others)
	if others != nil {
		ground = outdated(s, ground, others)
	}
	if !t.precaution {
		return ground
	}
	attempts, _ := facts.Attempts.Get(ground)
	kind := admission.Kind(t.kind).Type()
	attempts = slices.DeleteFunc(slices.Clone(attempts), func(a facts.Attempt) bool {
		return a.Vantage == facts.ServerDryRun || a.Vantage == facts.Evaluated || admission.CulpritOf(a) == t.of(a.Webhook) && slices.Contains(t.webhooks, a.Webhook)
	})
	for _, w := range t.webhooks {
		attempts = append(attempts, facts.Attempt{Type: kind, Config: t.name, Webhook: w, Vantage: facts.PodNetwork, Answer: facts.HungBeforeTLS, Detail: "supposed"})
	}
	return ground.With(facts.Present(facts.Attempts, attempts))
}

// How much harm is left, in order.
const (
	none = iota
	// little: ready in time, and nothing is lost.
	little
	some
	// open: it can't be told.
	open
	much
)

// score is how much harm t's object does in s.
func score(s *facts.Snapshot, t trouble) int {
	f := foretold(s)
	if _, harms := troublesOf(f).of(t.key); !harms {
		return none
	}
	n := little
	if ready := f.ControlPlane.ReadyAfterSeconds; ready != nil && ready.Max >= clocks.Liveness.Seconds() {
		n = some
	}
	mine := func(c forecast.Blame) bool { return t.key == keyOf(c.Culprit) }
	for _, h := range f.ControlPlane.Hooks {
		switch {
		case !slices.ContainsFunc(f.ControlPlane.Harming(h), mine):
		case h.Outcome.Fails():
			return much
		case h.Outcome == forecast.Unknown:
			n = open
		}
	}
	for _, l := range f.Lifelines {
		switch {
		case !harmed(l) || !slices.ContainsFunc(l.AtFault(), mine):
		case l.Outcome == forecast.Lost:
			return much
		case l.Outcome == forecast.Open:
			n = open
		}
	}
	return n
}

// stateFor is the forecast for s in short, as far as it concerns t.
func stateFor(s *facts.Snapshot, t trouble) State {
	f := foretold(s)
	if t.precaution {
		f.Lifelines = slices.DeleteFunc(slices.Clone(f.Lifelines), func(l forecast.Lifeline) bool {
			return !slices.ContainsFunc(l.AtFault(), func(c forecast.Blame) bool { return t.key == keyOf(c.Culprit) })
		})
	}
	return stateOf(f)
}

// providers reports whether GKE itself runs that webhook.
func providers(s *facts.Snapshot, k key, webhook string) bool {
	for _, i := range probe.All(s) {
		for _, by := range i.By {
			if by.Culprit() == k.of(webhook) && by.ProviderManaged() {
				return true
			}
		}
	}
	return false
}
