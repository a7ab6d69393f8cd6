package admission

import (
	"context"
	"strings"
	"sync"

	"github.com/google/cel-go/common/ast"
	"github.com/google/cel-go/common/operators"
	celparser "github.com/google/cel-go/parser"
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apiserver/pkg/admission"
	"k8s.io/apiserver/pkg/admission/plugin/cel"
	"k8s.io/apiserver/pkg/admission/plugin/webhook/matchconditions"
	"k8s.io/apiserver/pkg/cel/environment"
)

// alternatives are the expressions of which one has to be true for an expression to be:
// what stands between its outermost ||, none of whose errors counts where another is true
// (github.com/google/cel-spec doc/langdef.md, Logical Operators). It is the expression
// itself where there are none, or it can't be parsed.
func alternatives(expression string) []string {
	parsed, issues := parser().Parse(expression)
	if issues.Err() != nil {
		return []string{expression}
	}
	var all []string
	var split func(e ast.Expr) bool
	split = func(e ast.Expr) bool {
		if e.Kind() == ast.CallKind && e.AsCall().FunctionName() == operators.LogicalOr {
			for _, side := range e.AsCall().Args() {
				if !split(side) {
					return false
				}
			}
			return true
		}
		text, err := celparser.Unparse(e, parsed.NativeRep().SourceInfo())
		all = append(all, text)
		return err == nil
	}
	if !split(parsed.NativeRep().Expr()) {
		return []string{expression}
	}
	return all
}

// passes makes a matcher that is true where all validations of a policy are, whatever is
// not known of a sketched CustomResourceDefinition; nil where there is none, as something
// else of the policy reads it too, whose errors would deny.
func (m *Matcher) passes(p *admissionregistrationv1.ValidatingAdmissionPolicy) func() matchconditions.Matcher {
	return sync.OnceValue(func() matchconditions.Matcher {
		known := func(expression string) bool {
			e := readsOf(expression)
			return e == reads{user: e.user, name: e.name, group: e.group, shipped: e.shipped, whichNamespace: e.whichNamespace}
		}
		if p.Spec.ParamKind != nil || len(p.Spec.AuditAnnotations) > 0 || len(p.Spec.Validations) == 0 {
			return nil
		}
		for _, c := range p.Spec.MatchConditions {
			if !known(c.Expression) {
				return nil
			}
		}
		var certain []cel.ExpressionAccessor
		for _, v := range p.Spec.Validations {
			var some []string
			for _, a := range alternatives(v.Expression) {
				if known(a) && !strings.Contains(a, "variables") {
					some = append(some, "("+a+")")
				}
			}
			if some == nil {
				return nil
			}
			certain = append(certain, &matchconditions.MatchCondition{Name: "certain", Expression: strings.Join(some, " || ")})
		}
		fail := admissionregistrationv1.Fail
		return matchconditions.NewMatcher(conditionCompiler().CompileCondition(certain,
			cel.OptionalVariableDeclarations{HasAuthorizer: true}, environment.StoredExpressions), &fail, "", "", "")
	})
}

// surelyPasses reports whether the policy lets the sketched definition pass, whatever else
// is in it.
func (m *Matcher) surelyPasses(ctx context.Context, u validatingRule, r *request, kind schema.GroupVersionKind) bool {
	if !r.sketch || r.changed != "" || !r.definitionOfGroup() || r.unnamed && u.reads.shipped {
		return false
	}
	c := u.passes()
	if c == nil {
		return false
	}
	attributes, err := admission.NewVersionedAttributes(r, kind, m.objects)
	if err != nil {
		return false
	}
	result := c.Match(ctx, attributes, nil, m.authorizer)
	return result.Error == nil && result.Matches
}
