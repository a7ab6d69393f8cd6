package admission

import (
	"sync"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// A compiledPolicy is a policy with its defaults. All its bindings share what it is compiled
// to, which is done at first use.
type compiledPolicy[P, C any] struct {
	policy   *P
	compiled func() C
}

// compiledFrom derives all policies of one kind: to compile them takes longer than to
// evaluate them, so that snapshots which differ in other facts share them.
func compiledFrom[P, C any](policies facts.Key[[]P], withDefaults func(P) *P, compile func(*P) C) *facts.Derivation[[]compiledPolicy[P, C]] {
	return &facts.Derivation[[]compiledPolicy[P, C]]{
		From: func() []facts.Fact { return []facts.Fact{policies} },
		Compute: func(s *facts.Snapshot) (all []compiledPolicy[P, C]) {
			read, _ := policies.Get(s)
			for _, p := range read {
				p := withDefaults(p)
				all = append(all, compiledPolicy[P, C]{p, sync.OnceValue(func() C { return compile(p) })})
			}
			return all
		},
	}
}
