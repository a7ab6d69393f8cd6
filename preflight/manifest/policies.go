package manifest

import (
	"slices"
	"strings"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	"k8s.io/apimachinery/pkg/api/validate/content"
	"k8s.io/apimachinery/pkg/api/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/apiserver/pkg/admission/plugin/cel"
	"k8s.io/apiserver/pkg/admission/plugin/policy/mutating/patch"
	"k8s.io/apiserver/pkg/admission/plugin/policy/validating"
)

// mostAnnotations is how many audit annotations a policy may have, longestValue how
// many bytes the expression of one.
const (
	mostAnnotations = 20
	longestValue    = 5 * 1024
)

var spec = field.NewPath("spec")

func validateValidatingPolicy(v *validator, p *admissionregistrationv1.ValidatingAdmissionPolicy) field.ErrorList {
	params := p.Spec.ParamKind != nil
	full := cel.OptionalVariableDeclarations{HasParams: params, HasAuthorizer: true}
	errs := v.meta(&p.ObjectMeta)
	errs = append(errs, oneOf(spec.Child("failurePolicy"), p.Spec.FailurePolicy, failurePolicies)...)
	errs = append(errs, paramKind(spec.Child("paramKind"), p.Spec.ParamKind)...)
	errs = append(errs, v.constraints(spec.Child("matchConstraints"), p.Spec.MatchConstraints)...)
	errs = append(errs, v.matchConditions(spec.Child("matchConditions"), p.Spec.MatchConditions, params)...)
	c := v.composer()
	errs = append(errs, v.variables(spec.Child("variables"), c, p.Spec.Variables, full)...)
	if len(p.Spec.Validations) == 0 && len(p.Spec.AuditAnnotations) == 0 {
		return append(errs, field.Required(spec.Child("validations"), "one of these, or"), field.Required(spec.Child("auditAnnotations"), "one of these"))
	}
	for n, w := range p.Spec.Validations {
		at := spec.Child("validations").Index(n)
		errs = append(errs, compile(at.Child("expression"), c, &validating.ValidationCondition{Expression: w.Expression}, full)...)
		if w.MessageExpression != "" {
			errs = append(errs, messageExpression(at.Child("messageExpression"), c, w.MessageExpression, params)...)
		}
		errs = append(errs, oneLine(at.Child("message"), w.Message)...)
		errs = append(errs, oneOf(at.Child("reason"), w.Reason, reasons)...)
	}
	return append(errs, v.annotations(c, p, full)...)
}

func messageExpression(path *field.Path, c cel.Compiler, expression string, params bool) field.ErrorList {
	if strings.TrimSpace(expression) == "" {
		return field.ErrorList{field.Invalid(path, expression, "it is empty")}
	}
	return compile(path, c, &validating.MessageExpressionCondition{MessageExpression: expression}, cel.OptionalVariableDeclarations{HasParams: params})
}

func (v *validator) annotations(c cel.Compiler, p *admissionregistrationv1.ValidatingAdmissionPolicy, o cel.OptionalVariableDeclarations) field.ErrorList {
	var errs field.ErrorList
	path := spec.Child("auditAnnotations")
	if n := len(p.Spec.AuditAnnotations); n > mostAnnotations {
		errs = append(errs, field.Invalid(path, n, "there may be no more than 20"))
	}
	keys := map[string]bool{}
	for n, a := range p.Spec.AuditAnnotations {
		at := path.Index(n)
		errs = append(errs, qualified(at.Child("key"), p.Name+"/"+a.Key)...)
		if keys[a.Key] {
			errs = append(errs, field.Duplicate(at.Child("key"), a.Key))
		}
		keys[a.Key] = true
		expression := strings.TrimSpace(a.ValueExpression)
		if long := tooLong(at.Child("valueExpression"), "it", len(expression), longestValue); long != nil {
			errs = append(errs, long...)
			continue
		}
		errs = append(errs, compile(at.Child("valueExpression"), c, &validating.AuditAnnotationCondition{ValueExpression: expression}, o)...)
	}
	return errs
}

// constraints are those of a policy, which must say what it is about.
func (v *validator) constraints(path *field.Path, m *admissionregistrationv1.MatchResources) field.ErrorList {
	if m == nil {
		return field.ErrorList{field.Required(path, "")}
	}
	errs := v.matchResources(path, m)
	if len(m.ResourceRules) == 0 {
		errs = append(errs, field.Required(path.Child("resourceRules"), ""))
	}
	return errs
}

func validateValidatingBinding(v *validator, b *admissionregistrationv1.ValidatingAdmissionPolicyBinding) field.ErrorList {
	errs := append(v.meta(&b.ObjectMeta), policyName(b.Spec.PolicyName)...)
	errs = append(errs, v.paramRef(b.Spec.ParamRef)...)
	errs = append(errs, v.matchResources(spec.Child("matchResources"), b.Spec.MatchResources)...)
	path, given := spec.Child("validationActions"), b.Spec.ValidationActions
	if len(given) == 0 {
		errs = append(errs, field.Required(path, "at least one of "+strings.Join(actions, ", ")))
	}
	for n, a := range given {
		errs = append(errs, oneOf(path.Index(n), &a, actions)...)
		if slices.Contains(given[:n], a) {
			errs = append(errs, field.Duplicate(path.Index(n), a))
		}
	}
	if slices.Contains(given, admissionregistrationv1.Deny) && slices.Contains(given, admissionregistrationv1.Warn) {
		errs = append(errs, field.Invalid(path, given, "what is denied is not warned of too"))
	}
	return errs
}

func policyName(name string) (errs field.ErrorList) {
	path := spec.Child("policyName")
	if name == "" {
		return field.ErrorList{field.Required(path, "")}
	}
	for _, why := range validation.NameIsDNSSubdomain(name, false) {
		errs = append(errs, field.Invalid(path, name, why))
	}
	return errs
}

func (v *validator) paramRef(r *admissionregistrationv1.ParamRef) field.ErrorList {
	if r == nil {
		return nil
	}
	var errs field.ErrorList
	path := spec.Child("paramRef")
	if r.Name != "" {
		for _, why := range content.IsPathSegmentName(r.Name) {
			errs = append(errs, field.Invalid(path.Child("name"), r.Name, why))
		}
	}
	switch {
	case r.Name != "" && r.Selector != nil:
		errs = append(errs, field.Forbidden(path.Child("name"), "either this or selector"), field.Forbidden(path.Child("selector"), "either this or name"))
	case r.Name == "" && r.Selector == nil:
		errs = append(errs, field.Required(path, "either name or selector"))
	}
	errs = append(errs, v.selector(path.Child("selector"), r.Selector)...)
	if r.ParameterNotFoundAction == nil || *r.ParameterNotFoundAction == "" {
		return append(errs, field.Required(path.Child("parameterNotFoundAction"), "one of "+strings.Join(notFoundActions, ", ")))
	}
	return append(errs, oneOf(path.Child("parameterNotFoundAction"), r.ParameterNotFoundAction, notFoundActions)...)
}

func validateMutatingPolicy(v *validator, p *admissionregistrationv1.MutatingAdmissionPolicy) field.ErrorList {
	params := p.Spec.ParamKind != nil
	full := cel.OptionalVariableDeclarations{HasParams: params, HasAuthorizer: true}
	errs := v.meta(&p.ObjectMeta)
	errs = append(errs, oneOf(spec.Child("failurePolicy"), p.Spec.FailurePolicy, failurePolicies)...)
	errs = append(errs, paramKind(spec.Child("paramKind"), p.Spec.ParamKind)...)
	errs = append(errs, v.constraints(spec.Child("matchConstraints"), p.Spec.MatchConstraints)...)
	errs = append(errs, onlyMutable(spec.Child("matchConstraints"), p.Spec.MatchConstraints)...)
	errs = append(errs, v.matchConditions(spec.Child("matchConditions"), p.Spec.MatchConditions, params)...)
	c := v.composer()
	errs = append(errs, v.variables(spec.Child("variables"), c, p.Spec.Variables, full)...)
	if len(p.Spec.Mutations) == 0 {
		errs = append(errs, field.Required(spec.Child("mutations"), "at least one"))
	}
	full.HasPatchTypes = true
	for n, m := range p.Spec.Mutations {
		errs = append(errs, mutation(spec.Child("mutations").Index(n), c, m, full)...)
	}
	if p.Spec.ReinvocationPolicy == "" {
		return append(errs, field.Required(spec.Child("reinvocationPolicy"), "one of "+strings.Join(reinvocations, ", ")))
	}
	return append(errs, oneOf(spec.Child("reinvocationPolicy"), &p.Spec.ReinvocationPolicy, reinvocations)...)
}

func mutation(path *field.Path, c cel.Compiler, m admissionregistrationv1.Mutation, o cel.OptionalVariableDeclarations) field.ErrorList {
	apply, json := path.Child("applyConfiguration"), path.Child("jsonPatch")
	var errs field.ErrorList
	switch m.PatchType {
	case "":
		return field.ErrorList{field.Required(path.Child("patchType"), "")}
	case admissionregistrationv1.PatchTypeJSONPatch:
		if m.ApplyConfiguration != nil {
			errs = append(errs, field.Invalid(apply, "{applyConfiguration}", "the patchType is JSONPatch"))
		}
		if m.JSONPatch == nil {
			return append(errs, field.Required(json, "the patchType is JSONPatch"))
		}
		return append(errs, compile(json.Child("expression"), c, &patch.JSONPatchCondition{Expression: strings.TrimSpace(m.JSONPatch.Expression)}, o)...)
	case admissionregistrationv1.PatchTypeApplyConfiguration:
		if m.JSONPatch != nil {
			errs = append(errs, field.Invalid(json, "{jsonPatch}", "the patchType is ApplyConfiguration"))
		}
		if m.ApplyConfiguration == nil {
			return append(errs, field.Required(apply, "the patchType is ApplyConfiguration"))
		}
		return append(errs, compile(apply.Child("expression"), c, &patch.ApplyConfigurationCondition{Expression: strings.TrimSpace(m.ApplyConfiguration.Expression)}, o)...)
	}
	return field.ErrorList{field.NotSupported(path.Child("patchType"), m.PatchType, []string{"ApplyConfiguration", "JSONPatch"})}
}

// onlyMutable demands operations that there is something to mutate in.
func onlyMutable(path *field.Path, m *admissionregistrationv1.MatchResources) (errs field.ErrorList) {
	if m == nil {
		return nil
	}
	for _, r := range m.ResourceRules {
		for _, o := range r.Operations {
			errs = append(errs, oneOf(path.Child("resourceRules", "operations"), &o, mutable)...)
		}
	}
	return errs
}

func validateMutatingBinding(v *validator, b *admissionregistrationv1.MutatingAdmissionPolicyBinding) field.ErrorList {
	errs := append(v.meta(&b.ObjectMeta), policyName(b.Spec.PolicyName)...)
	errs = append(errs, v.paramRef(b.Spec.ParamRef)...)
	errs = append(errs, v.matchResources(spec.Child("matchResources"), b.Spec.MatchResources)...)
	return append(errs, onlyMutable(spec.Child("matchResources"), b.Spec.MatchResources)...)
}
