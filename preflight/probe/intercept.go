package probe

import (
	"github.com/gke-preflight/gke-preflight/preflight/admission"
	"github.com/gke-preflight/gke-preflight/preflight/bootstrap"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// Intercept returns every write that the target version of s would make, with
// who intercepts it. It is computed once per snapshot.
func Intercept(s *facts.Snapshot) []Intercepted { return derivation.Of(s) }

var derivation = &facts.Derivation[[]Intercepted]{Compute: func(s *facts.Snapshot) []Intercepted {
	var all []Intercepted
	matcher := admission.For(s)
	for _, w := range bootstrap.Of(s).Writes {
		all = append(all, Intercepted{w, matcher.Match(w)})
	}
	return all
}}
