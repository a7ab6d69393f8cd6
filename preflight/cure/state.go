package cure

import (
	"slices"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/forecast"
	"github.com/gke-preflight/gke-preflight/preflight/lifeline"
)

// A State is a forecast in short: what is not as it should be.
type State struct {
	Outcome           forecast.Outcome  `json:"outcome"`
	ReadyAfterSeconds *forecast.Seconds `json:"readyAfterSeconds,omitempty"`
	ExitsAfterSeconds *forecast.Seconds `json:"exitsAfterSeconds,omitempty"`
	// Hooks are those that are not ready, Lifelines those that are not kept.
	Hooks     []Harm `json:"hooks,omitempty"`
	Lifelines []Harm `json:"lifelines,omitempty"`
}

// Harm is a hook or lifeline with what becomes of it.
type Harm struct {
	Name    string `json:"name"`
	Outcome string `json:"outcome"`
	// AtWorst is absent unless the outcome is unknown.
	AtWorst string `json:"atWorst,omitempty"`
}

func stateOf(f forecast.Forecast) State {
	cp := f.ControlPlane
	s := State{Outcome: cp.Outcome, ReadyAfterSeconds: cp.ReadyAfterSeconds, ExitsAfterSeconds: cp.ExitsAfterSeconds}
	for _, h := range cp.Hooks {
		if h.Outcome != forecast.Ready {
			s.Hooks = append(s.Hooks, Harm{h.Name, string(h.Outcome), string(h.AtWorst)})
		}
	}
	for _, l := range f.Lifelines {
		if l.Outcome != forecast.Kept {
			s.Lifelines = append(s.Lifelines, Harm{l.Name, string(l.Outcome), string(l.AtWorst)})
		}
	}
	return s
}

// foretold is the forecast without what an upgrade of nodes needs alone: the pods of
// applications are what a webhook is for, and no patch decides that it is not.
func foretold(s *facts.Snapshot) forecast.Forecast {
	f := forecast.Of(s)
	f.Lifelines = slices.DeleteFunc(slices.Clone(f.Lifelines), func(l forecast.Lifeline) bool { return lifeline.Group(l.Group).OfNodes() })
	return f
}
