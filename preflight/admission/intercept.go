package admission

import (
	"github.com/gke-preflight/gke-preflight/preflight/bootstrap"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// An Intercepted is a planned write and who intercepts it, in the order in which
// the API server runs them.
type Intercepted struct {
	Write bootstrap.Write
	By    []Interception
}

// Intercept returns who intercepts each write that the snapshot's target version
// would make, in the order of the plan. It is computed once per snapshot.
func Intercept(s *facts.Snapshot) []Intercepted { return interceptions.Of(s) }

var interceptions = &facts.Derivation[[]Intercepted]{Compute: intercept}

func intercept(s *facts.Snapshot) []Intercepted {
	matcher := For(s)
	writes := bootstrap.Of(s).Writes
	intercepted := make([]Intercepted, len(writes))
	for n, w := range writes {
		intercepted[n] = Intercepted{w, matcher.Match(w)}
	}
	return intercepted
}
