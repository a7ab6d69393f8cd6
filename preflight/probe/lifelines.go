package probe

import (
	"slices"

	"github.com/gke-preflight/gke-preflight/preflight/admission"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/lifeline"
)

// Lifelines returns who intercepts each write that the cluster lives by beside
// the control plane's start, line by line. It is computed once per snapshot.
func Lifelines(s *facts.Snapshot) []Intercepted { return lifelines.Of(s) }

var lifelines = &facts.Derivation[[]Intercepted]{Compute: interceptLifelines}

func interceptLifelines(s *facts.Snapshot) []Intercepted {
	matcher := admission.For(s)
	var intercepted []Intercepted
	for _, l := range lifeline.Of(s) {
		for _, w := range l.Writes {
			intercepted = append(intercepted, Intercepted{w, matcher.Match(w)})
		}
	}
	return intercepted
}

// All returns what [Intercept] and [Lifelines] do. The start's writes come first:
// a backend that hangs for one of them is not asked about the others.
func All(s *facts.Snapshot) []Intercepted { return slices.Concat(Intercept(s), Lifelines(s)) }
