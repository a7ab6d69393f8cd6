package lifeline

import (
	"github.com/gke-preflight/gke-preflight/preflight/admission"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// Intercept returns who intercepts each write that the cluster lives by beside the
// control plane's start, line by line. It is computed once per snapshot.
func Intercept(s *facts.Snapshot) []admission.Intercepted { return interception.Of(s) }

var interception = &facts.Derivation[[]admission.Intercepted]{Compute: intercept}

func intercept(s *facts.Snapshot) []admission.Intercepted {
	matcher := admission.For(s)
	var intercepted []admission.Intercepted
	for _, l := range Of(s) {
		for _, w := range l.Writes {
			intercepted = append(intercepted, admission.Intercepted{Write: w, By: matcher.Match(w)})
		}
	}
	return intercepted
}
