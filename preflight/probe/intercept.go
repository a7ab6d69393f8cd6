package probe

import (
	"github.com/gke-preflight/gke-preflight/preflight/admission"
	"github.com/gke-preflight/gke-preflight/preflight/bootstrap"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// Intercept returns who intercepts each write that the snapshot's target version
// would make, in the order of the plan. It is computed once per snapshot.
func Intercept(s *facts.Snapshot) []Intercepted { return derivation.Of(s) }

var derivation = &facts.Derivation[[]Intercepted]{Compute: intercept}

func intercept(s *facts.Snapshot) []Intercepted {
	matcher := admission.For(s)
	writes := bootstrap.Of(s).Writes
	intercepted := make([]Intercepted, len(writes))
	for n, w := range writes {
		intercepted[n] = Intercepted{w, matcher.Match(w)}
	}
	return intercepted
}
