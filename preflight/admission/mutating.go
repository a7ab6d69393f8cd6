package admission

import (
	"cmp"
	"slices"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	"k8s.io/apiserver/pkg/admission/plugin/cel"
	"k8s.io/apiserver/pkg/admission/plugin/policy/mutating"
	"k8s.io/apiserver/pkg/admission/plugin/policy/mutating/patch"
	"k8s.io/apiserver/pkg/cel/environment"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// mutatingRule is a MutatingAdmissionPolicy with one of its bindings.
type mutatingRule struct {
	rule
	policy  *admissionregistrationv1.MutatingAdmissionPolicy
	binding *admissionregistrationv1.MutatingAdmissionPolicyBinding
	// compiled is that of [compiledPolicy].
	compiled func() mutating.PolicyEvaluator
	// applies says that the policy has an apply configuration, which needs the
	// schema of what it is applied to.
	applies bool
}

var evaluators = compiledFrom(facts.MutatingPolicies, withDefaultsMutatingPolicy, compileMutating)

// mutatingRules returns each policy with each of its bindings, by name. A policy
// without a binding does nothing.
func (m *Matcher) mutatingRules(s *facts.Snapshot) []mutatingRule {
	bindings, _ := facts.MutatingPolicyBindings.Get(s)
	var rules []mutatingRule
	for _, c := range evaluators.Of(s) {
		p := c.policy
		for _, b := range bindings {
			if b.Spec.PolicyName != p.Name {
				continue
			}
			b.Spec.MatchResources = withDefaultsMatch(b.Spec.MatchResources)
			rules = append(rules, mutatingRule{
				rule: m.newRule(MutatingPolicy, mutating.NewMutatingAdmissionPolicyAccessor(p),
					mutating.NewMutatingAdmissionPolicyBindingAccessor(&b), p.Spec.MatchConditions, mutatingExpressions(p)),
				policy: p, binding: &b, compiled: c.compiled,
				applies: slices.ContainsFunc(p.Spec.Mutations, func(m admissionregistrationv1.Mutation) bool { return m.ApplyConfiguration != nil }),
			})
		}
	}
	slices.SortStableFunc(rules, func(a, b mutatingRule) int {
		return cmp.Or(cmp.Compare(a.policy.Name, b.policy.Name), cmp.Compare(a.binding.Name, b.binding.Name))
	})
	return rules
}

func mutatingExpressions(p *admissionregistrationv1.MutatingAdmissionPolicy) []string {
	expressions := conditions(p.Spec.MatchConditions)
	for _, v := range p.Spec.Variables {
		expressions = append(expressions, v.Expression)
	}
	for _, m := range p.Spec.Mutations {
		if m.ApplyConfiguration != nil {
			expressions = append(expressions, m.ApplyConfiguration.Expression)
		}
		if m.JSONPatch != nil {
			expressions = append(expressions, m.JSONPatch.Expression)
		}
	}
	return expressions
}

// compileMutating assembles the API server's own parts as its plugin does
// (k8s.io/apiserver pkg/admission/plugin/policy/mutating/compilation.go,
// compilePolicy, which is not exported).
func compileMutating(p *admissionregistrationv1.MutatingAdmissionPolicy) mutating.PolicyEvaluator {
	c, err := cel.NewCompositedCompiler(environment.MustBaseEnvSet(environment.DefaultCompatibilityVersion()))
	if err != nil {
		return mutating.PolicyEvaluator{}
	}
	vars := cel.OptionalVariableDeclarations{HasParams: p.Spec.ParamKind != nil, HasAuthorizer: true}
	c.CompileAndStoreVariables(variables(p.Spec.Variables), vars, environment.StoredExpressions)
	e := mutating.PolicyEvaluator{CompositedCompiler: c, Matcher: matchConditions(c, p.Spec.MatchConditions, vars, p.Spec.FailurePolicy, p.Name)}
	vars.HasPatchTypes = true
	for _, m := range p.Spec.Mutations {
		switch {
		case m.PatchType == admissionregistrationv1.PatchTypeJSONPatch && m.JSONPatch != nil:
			e.Mutators = append(e.Mutators, patch.NewJSONPatcher(c.CompileMutatingEvaluator(
				&patch.JSONPatchCondition{Expression: m.JSONPatch.Expression}, vars, environment.StoredExpressions)))
		case m.PatchType == admissionregistrationv1.PatchTypeApplyConfiguration && m.ApplyConfiguration != nil:
			e.Mutators = append(e.Mutators, patch.NewApplyConfigurationPatcher(c.CompileMutatingEvaluator(
				&patch.ApplyConfigurationCondition{Expression: m.ApplyConfiguration.Expression}, vars, environment.StoredExpressions)))
		}
	}
	return e
}
