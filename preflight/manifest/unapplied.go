package manifest

import (
	"slices"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// unapplied returns what was made, with the note that nothing which was tried
// on the cluster has met what was added. Where that takes the place of what was there, a
// write that was stopped then may have been stopped by that.
func (a *adder) unapplied() *facts.Snapshot {
	after := a.s
	m := after.Meta
	m.Unapplied = slices.Clone(m.Unapplied)
	for _, n := range a.names {
		m.Unapplied = append(m.Unapplied, a.decides(n).String())
	}
	if attempts, ok := facts.Attempts.Get(after); ok && a.replaces {
		after = after.With(facts.Present(facts.Attempts, slices.DeleteFunc(slices.Clone(attempts), func(t facts.Attempt) bool {
			return t.Vantage == facts.ServerDryRun && t.Answer != facts.Allowed
		})))
	}
	return after.WithMeta(m)
}

// decides is the object by which n is known: of a binding, its policy.
func (a *adder) decides(n Name) Name {
	switch n.Kind {
	case "ValidatingAdmissionPolicyBinding":
		all, _ := facts.ValidatingPolicyBindings.Get(a.s)
		for _, b := range all {
			if b.Name == n.Name {
				return Name{"ValidatingAdmissionPolicy", b.Spec.PolicyName}
			}
		}
	case "MutatingAdmissionPolicyBinding":
		all, _ := facts.MutatingPolicyBindings.Get(a.s)
		for _, b := range all {
			if b.Name == n.Name {
				return Name{"MutatingAdmissionPolicy", b.Spec.PolicyName}
			}
		}
	}
	return n
}
