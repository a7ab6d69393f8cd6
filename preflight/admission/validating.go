package admission

import (
	"cmp"
	"context"
	"slices"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apiserver/pkg/admission"
	"k8s.io/apiserver/pkg/admission/plugin/cel"
	"k8s.io/apiserver/pkg/admission/plugin/policy/validating"
	"k8s.io/apiserver/pkg/admission/plugin/webhook/matchconditions"
	"k8s.io/apiserver/pkg/authorization/authorizer"
	"k8s.io/apiserver/pkg/cel/environment"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// validatingRule is a ValidatingAdmissionPolicy with one of its bindings.
type validatingRule struct {
	rule
	policy  *admissionregistrationv1.ValidatingAdmissionPolicy
	binding *admissionregistrationv1.ValidatingAdmissionPolicyBinding
	// compiled is that of [compiledPolicy].
	compiled func() validating.Validator
	// passes is what [Matcher.passes] makes of it.
	passes func() matchconditions.Matcher
}

var validators = compiledFrom(facts.ValidatingPolicies, withDefaultsValidatingPolicy, compileValidating)

// validatingRules returns each policy with each of its bindings, by name. A
// policy without a binding does nothing.
func (m *Matcher) validatingRules(s *facts.Snapshot) []validatingRule {
	bindings, _ := facts.ValidatingPolicyBindings.Get(s)
	var rules []validatingRule
	for _, c := range validators.Of(s) {
		p, passes := c.policy, m.passes(c.policy)
		for _, b := range bindings {
			if b.Spec.PolicyName != p.Name {
				continue
			}
			b.Spec.MatchResources = withDefaultsMatch(b.Spec.MatchResources)
			u := m.newRule(ValidatingPolicy, validating.NewValidatingAdmissionPolicyAccessor(p),
				validating.NewValidatingAdmissionPolicyBindingAccessor(&b), p.Spec.MatchConditions, validatingExpressions(p, b.Spec.ValidationActions))
			u.onlyTells = !denies(b.Spec.ValidationActions) && len(p.Spec.AuditAnnotations) == 0
			rules = append(rules, validatingRule{rule: u, policy: p, binding: &b, compiled: c.compiled, passes: passes})
		}
	}
	slices.SortStableFunc(rules, func(a, b validatingRule) int {
		return cmp.Or(cmp.Compare(a.policy.Name, b.policy.Name), cmp.Compare(a.binding.Name, b.binding.Name))
	})
	return rules
}

func denies(actions []admissionregistrationv1.ValidationAction) bool {
	return slices.Contains(actions, admissionregistrationv1.Deny)
}

// validatingExpressions are those that decide; a messageExpression only words.
// Under a binding that does not deny, an audit annotation that fails still does,
// and what a validation comes to does not.
func validatingExpressions(p *admissionregistrationv1.ValidatingAdmissionPolicy, actions []admissionregistrationv1.ValidationAction) []string {
	if !denies(actions) && len(p.Spec.AuditAnnotations) == 0 {
		return nil
	}
	expressions := conditions(p.Spec.MatchConditions)
	for _, v := range p.Spec.Variables {
		expressions = append(expressions, v.Expression)
	}
	for _, v := range p.Spec.Validations {
		if denies(actions) {
			expressions = append(expressions, v.Expression)
		}
	}
	for _, a := range p.Spec.AuditAnnotations {
		expressions = append(expressions, a.ValueExpression)
	}
	return expressions
}

// compileValidating assembles the API server's own parts as its plugin does
// (k8s.io/apiserver pkg/admission/plugin/policy/validating/plugin.go,
// compilePolicy, which is not exported).
func compileValidating(p *admissionregistrationv1.ValidatingAdmissionPolicy) validating.Validator {
	c, err := cel.NewCompositedCompiler(environment.MustBaseEnvSet(environment.DefaultCompatibilityVersion()))
	if err != nil {
		return validating.NewValidator(nil, nil, nil, nil, p.Spec.FailurePolicy, err)
	}
	withAuthorizer := cel.OptionalVariableDeclarations{HasParams: p.Spec.ParamKind != nil, HasAuthorizer: true}
	plain := cel.OptionalVariableDeclarations{HasParams: p.Spec.ParamKind != nil}
	c.CompileAndStoreVariables(variables(p.Spec.Variables), withAuthorizer, environment.StoredExpressions)

	validations := make([]cel.ExpressionAccessor, len(p.Spec.Validations))
	messages := make([]cel.ExpressionAccessor, len(p.Spec.Validations))
	for n, v := range p.Spec.Validations {
		validations[n] = &validating.ValidationCondition{Expression: v.Expression, Message: v.Message, Reason: v.Reason}
		if v.MessageExpression != "" {
			messages[n] = &validating.MessageExpressionCondition{MessageExpression: v.MessageExpression}
		}
	}
	annotations := make([]cel.ExpressionAccessor, len(p.Spec.AuditAnnotations))
	for n, a := range p.Spec.AuditAnnotations {
		annotations[n] = &validating.AuditAnnotationCondition{Key: a.Key, ValueExpression: a.ValueExpression}
	}
	v := validating.NewValidator(
		c.CompileCondition(validations, withAuthorizer, environment.StoredExpressions),
		matchConditions(c, p.Spec.MatchConditions, withAuthorizer, p.Spec.FailurePolicy, p.Name),
		c.CompileCondition(annotations, withAuthorizer, environment.StoredExpressions),
		c.CompileCondition(messages, plain, environment.StoredExpressions),
		p.Spec.FailurePolicy, nil)
	if isSettled(p) {
		return &settled{Validator: v}
	}
	return v
}

func variables(vs []admissionregistrationv1.Variable) []cel.NamedExpressionAccessor {
	named := make([]cel.NamedExpressionAccessor, len(vs))
	for n, v := range vs {
		named[n] = &validating.Variable{Name: v.Name, Expression: v.Expression}
	}
	return named
}

// matchConditions returns nil, and not a matcher of nothing, where there are none.
func matchConditions(c *cel.CompositedCompiler, cs []admissionregistrationv1.MatchCondition, vars cel.OptionalVariableDeclarations, onError *admissionregistrationv1.FailurePolicyType, policy string) matchconditions.Matcher {
	if len(cs) == 0 {
		return nil
	}
	accessors := make([]cel.ExpressionAccessor, len(cs))
	for n := range cs {
		accessors[n] = (*matchconditions.MatchCondition)(&cs[n])
	}
	return matchconditions.NewMatcher(c.CompileCondition(accessors, vars, environment.StoredExpressions), onError, "policy", "validate", policy)
}

func (m *Matcher) throughValidatingPolicies(ctx context.Context, after variants) []Interception {
	var found []Interception
	for _, u := range m.validatingPolicies {
		if i, ok := after.see(func(r *request) (Interception, bool) { return m.throughValidating(ctx, u, r) }); ok {
			found = append(found, i)
		}
	}
	return found
}

// throughValidating returns what the policy says to the write by this binding,
// or false if the write is none of its business.
func (m *Matcher) throughValidating(ctx context.Context, u validatingRule, r *request) (Interception, bool) {
	found := m.match(ctx, u.rule, r)
	if !found.yes && found.err == nil {
		return Interception{}, false
	}
	i := u.interception()
	i.Unseen = r.unseen
	if found.undecided != "" && found.perhaps == "" && found.err == nil && found.yes && m.surelyPasses(ctx, u, r, found.kind) {
		return i, true
	}
	if found.undecided != "" {
		i.Undecided = found.undecided
		return i, true
	}
	seen := &validatorSeen{Validator: u.compiled()}
	policy, binding := u.policy, u.binding
	if found.perhaps != "" {
		policy, binding = policy.DeepCopy(), binding.DeepCopy()
		policy.Spec.MatchConstraints = loosened(policy.Spec.MatchConstraints, found.loosened)
		binding.Spec.MatchResources = loosened(binding.Spec.MatchResources, found.loosened)
	}
	hook := validating.PolicyHook{
		Policy: policy, Bindings: []*admissionregistrationv1.ValidatingAdmissionPolicyBinding{binding}, Evaluator: seen,
	}
	hook.ParamInformer, hook.ParamScope, hook.ConfigurationError = u.informer()
	err := m.validating.Dispatch(ctx, r, m.objects, []validating.PolicyHook{hook})
	switch {
	case err != nil && found.perhaps != "":
		i.Undecided = found.perhaps
	case err != nil:
		i.Denial = err.Error()
	}
	return i, err != nil || seen.evaluated
}

// validatorSeen notes whether the policy evaluates anything: it doesn't where a
// matchCondition is false or no param is found.
type validatorSeen struct {
	validating.Validator
	evaluated bool
}

// Validate implements validating.Validator.
func (v *validatorSeen) Validate(ctx context.Context, resource schema.GroupVersionResource, attr *admission.VersionedAttributes, params runtime.Object, namespace *corev1.Namespace, budget int64, authz authorizer.UnconditionalAuthorizer) validating.ValidateResult {
	result := v.Validator.Validate(ctx, resource, attr, params, namespace, budget, authz)
	v.evaluated = v.evaluated || len(result.Decisions) > 0 || len(result.AuditAnnotations) > 0
	return result
}
