package admission

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes/scheme"
)

// LearnsKindsWithin is how long a starting API server may not know the custom
// resources that policies take parameters from: its admission looks kinds up
// when it starts, which may be before they are served, and again after 30 s
// (k8s.io/apiserver pkg/server/options/admission.go, ApplyTo). The policies are
// refreshed a second later at most, and then list their parameters.
const LearnsKindsWithin = 31500 * time.Millisecond

// beforeKindsAreLearned marks the policies that fail closed and take parameters
// from a custom resource. Until the replica knows the kind it rejects all that
// such a policy matches, without regard to bindings, matchConditions or
// parameters (k8s.io/apiserver pkg/admission/plugin/policy/generic,
// policySource.ensureParamsForPolicyLocked and policyDispatcher.Dispatch).
func (m *Matcher) beforeKindsAreLearned(r *request, found []Interception) []Interception {
	for _, u := range m.rules() {
		if !u.takesCustomParams() || !u.fails() {
			continue
		}
		if yes, _, _, err := m.policyMatcher.DefinitionMatches(r, m.objects, u.policy); err != nil || !yes {
			continue
		}
		n := slices.IndexFunc(found, func(i Interception) bool { return i.Culprit().Object() == u.interception().Culprit().Object() })
		switch {
		case n >= 0 && (found[n].Denial != "" || found[n].Undecided != ""):
			continue
		case n < 0:
			found = append(found, u.interception())
			n = len(found) - 1
		}
		found[n].AtStart = fmt.Sprintf("a replica that has just started may not know %s for its first 30 s, and rejects until then all that the policy's matchConstraints match", found[n].ParamKind)
	}
	slices.SortStableFunc(found, func(a, b Interception) int { return cmp.Compare(a.Kind.rank(), b.Kind.rank()) })
	return found
}

func (m *Matcher) rules() (all []rule) {
	for _, u := range m.mutatingPolicies {
		all = append(all, u.rule)
	}
	for _, u := range m.validatingPolicies {
		all = append(all, u.rule)
	}
	return all
}

// takesCustomParams reports whether the paramKind is none of the API server's own
// kinds, which it knows from the start.
func (u rule) takesCustomParams() bool {
	k := u.policy.GetParamKind()
	return k != nil && !scheme.Scheme.Recognizes(schema.FromAPIVersionAndKind(k.APIVersion, k.Kind))
}

// rank is the kind's place in the order of [Matcher.Match].
func (k Kind) rank() int {
	return slices.Index([]Kind{MutatingPolicy, MutatingWebhook, ValidatingPolicy, ValidatingWebhook}, k)
}
