package whatif

import (
	"slices"

	"github.com/gke-preflight/gke-preflight/preflight/admission"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/forecast"
	"github.com/gke-preflight/gke-preflight/preflight/lifeline"
)

// A victim is the hook or the lifeline that is harmed.
type victim struct{ hook, lifeline string }

// victim tells harms apart, whatever comes of them.
func (h Harm) victim() victim { return victim{h.Hook, h.Lifeline} }

// harmsOf lists what fails in a forecast.
func harmsOf(f forecast.Forecast) []Harm {
	var hs []Harm
	for _, h := range f.ControlPlane.Hooks {
		if h.Outcome.Fails() {
			hs = append(hs, Harm{Hook: h.Name, Outcome: string(h.Outcome), Grave: true})
			if h.Outcome == forecast.CrashLoop {
				hs[len(hs)-1].ExitsAfterSeconds = h.Seconds
			}
		}
	}
	for _, l := range f.Lifelines {
		if l.Outcome == forecast.Lost {
			hs = append(hs, Harm{Lifeline: l.Name, Outcome: string(l.Outcome), Grave: graveLine(lifeline.Group(l.Group)), Namespace: l.Namespace})
		}
	}
	return hs
}

// without returns the harms that are not among the others.
func without(hs, others []Harm) []Harm {
	var kept []Harm
	for _, h := range hs {
		if !slices.ContainsFunc(others, func(o Harm) bool { return o.victim() == h.victim() }) {
			kept = append(kept, h)
		}
	}
	return kept
}

// join returns the harms of both, each once.
func join(a, b []Harm) []Harm { return append(slices.Clip(a), without(b, a)...) }

// harmOf is what fails when nobody answers for webhook w, and does not fail
// today. A backend that is gone rejects what its webhook fails closed on at
// once, whatever other webhooks do: so the harm of several is that of each.
func (m *model) harmOf(w webhook) []Harm {
	return without(harmsOf(forecast.Given(m.s, silenced(m.attempts, w))), m.today)
}

// silenced returns the attempts as they would be if w had no backend.
func silenced(attempts []facts.Attempt, ws ...webhook) []facts.Attempt {
	var kept []facts.Attempt
	for _, a := range attempts {
		if !slices.ContainsFunc(ws, func(w webhook) bool { return w.put(a) }) {
			kept = append(kept, a)
		}
	}
	for _, w := range ws {
		kept = append(kept, facts.Attempt{
			Type: w.culprit().Kind.Type(), Config: w.Config, Webhook: w.Name, Vantage: facts.PodNetwork, Target: w.backend, Answer: facts.NoEndpoints, Fault: facts.NoneReady,
		})
	}
	return kept
}

// put reports whether the question was put to w.
func (w webhook) put(a facts.Attempt) bool {
	return a.Vantage != facts.ServerDryRun && a.Vantage != facts.Evaluated && admission.CulpritOf(a) == w.culprit()
}

func (w webhook) culprit() admission.Culprit {
	return admission.Culprit{Kind: admission.Kind(w.Kind), Name: w.Config, Webhook: w.Name}
}

// graveLine reports whether the loss of the line takes the control plane or all
// nodes down.
func graveLine(g lifeline.Group) bool { return g == lifeline.Heartbeats || g == lifeline.Elections }
