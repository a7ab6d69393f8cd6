package admission

import (
	"context"
	"regexp"
	"slices"
	"sync"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apiserver/pkg/admission"
	"k8s.io/apiserver/pkg/admission/plugin/policy/validating"
	"k8s.io/apiserver/pkg/authorization/authorizer"
)

// writeIdentifiers are what expressions know of a write by
// (k8s.io/apiserver pkg/admission/plugin/cel/compile.go, ObjectVarName and its like).
var writeIdentifiers = regexp.MustCompile(`\b(object|oldObject|request|params|namespaceObject|authorizer)\b`)

// isSettled reports whether no expression of the policy reads anything of a write, so that
// it says to each what it says to one. What merely looks like reading counts as reading.
func isSettled(p *admissionregistrationv1.ValidatingAdmissionPolicy) bool {
	expressions := conditions(p.Spec.MatchConditions)
	for _, v := range p.Spec.Variables {
		expressions = append(expressions, v.Expression)
	}
	for _, v := range p.Spec.Validations {
		expressions = append(expressions, v.Expression, v.MessageExpression)
	}
	for _, a := range p.Spec.AuditAnnotations {
		expressions = append(expressions, a.ValueExpression)
	}
	return !slices.ContainsFunc(expressions, writeIdentifiers.MatchString)
}

// settled is the validator of such a policy, which is asked once: up to the limit of its
// cost that takes a tenth of a second, for each of hundreds of writes.
type settled struct {
	validating.Validator
	once   sync.Once
	result validating.ValidateResult
}

// Validate implements validating.Validator.
func (v *settled) Validate(ctx context.Context, resource schema.GroupVersionResource, attr *admission.VersionedAttributes, params runtime.Object, namespace *corev1.Namespace, budget int64, authz authorizer.UnconditionalAuthorizer) validating.ValidateResult {
	v.once.Do(func() { v.result = v.Validator.Validate(ctx, resource, attr, params, namespace, budget, authz) })
	return v.result
}
