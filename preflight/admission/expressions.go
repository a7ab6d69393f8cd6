package admission

import (
	"context"
	"regexp"
	"strings"
	"sync"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apiserver/pkg/admission"
	"k8s.io/apiserver/pkg/admission/plugin/cel"
	"k8s.io/apiserver/pkg/admission/plugin/webhook/matchconditions"
	"k8s.io/apiserver/pkg/cel/environment"
)

// reads says what CEL expressions read that a snapshot may not hold. It is found
// in their text: what merely looks like reading counts as reading.
type reads struct {
	user, authorizer, options bool
	namespace, moreNamespace  bool
	// partial is what a snapshot holds of live objects only in part, or not.
	partial bool
}

var (
	optionsExpression = regexp.MustCompile(`\brequest\s*\.\s*options\b`)
	partialExpression = regexp.MustCompile(`\b(annotations|ownerReferences|managedFields)\b`)
	// recordedNamespace is what namespaceObject is known by.
	recordedNamespace = regexp.MustCompile(`\bnamespaceObject\s*(\.\s*metadata\s*\.\s*name\b|\.\s*metadata\s*\.\s*\??labels\b|\.\s*status\s*\.\s*phase\b|[!=]=\s*null\b)`)
)

func readsOf(expressions ...string) reads {
	all := strings.Join(expressions, "\n")
	return reads{
		user:          strings.Contains(all, "userInfo"),
		authorizer:    strings.Contains(all, "authorizer"),
		options:       optionsExpression.MatchString(all),
		namespace:     strings.Contains(all, "namespaceObject"),
		moreNamespace: strings.Contains(recordedNamespace.ReplaceAllString(all, ""), "namespaceObject"),
		partial:       partialExpression.MatchString(all),
	}
}

// undecided says what of the expressions can't be evaluated for r; empty if all can.
func (e reads) undecided(r *request, ns namespaces) string {
	inNamespace := r.GetNamespace() != "" && r.GetKind().Kind != "Namespace"
	switch {
	case e.authorizer && !r.privileged():
		return "an expression asks what " + r.GetUserInfo().GetName() + " may do, which a snapshot does not hold"
	case e.options:
		return "an expression reads request.options, which the plan of writes does not hold"
	case e.partial && r.GetOperation() != admission.Create:
		return "an expression reads annotations, ownerReferences or managedFields, which a snapshot does not hold of live objects"
	case inNamespace && e.moreNamespace:
		return "an expression reads more of namespaceObject than name, labels and phase, which a snapshot does not hold"
	case inNamespace && e.namespace && ns.absence != "":
		return "an expression reads namespaceObject; could not read namespaces (" + ns.absence + ")"
	}
	return ""
}

// certain returns a matcher of those matchConditions that a snapshot holds
// everything for, made at first use; nil if there are none. One that reads
// params or variables does not compile here and is passed over.
func (m *Matcher) certain(all []admissionregistrationv1.MatchCondition) func() matchconditions.Matcher {
	return sync.OnceValue(func() matchconditions.Matcher {
		var some []cel.ExpressionAccessor
		for _, c := range all {
			e := readsOf(c.Expression)
			if (e == reads{user: e.user}) {
				some = append(some, (*matchconditions.MatchCondition)(&c))
			}
		}
		if some == nil {
			return nil
		}
		fail := admissionregistrationv1.Fail
		return matchconditions.NewMatcher(m.conditions().CompileCondition(some,
			cel.OptionalVariableDeclarations{HasAuthorizer: true}, environment.StoredExpressions), &fail, "", "", "")
	})
}

// excluded reports whether one of the certain matchConditions is false, so that
// nothing else about the webhook or policy matters.
func (m *Matcher) excluded(ctx context.Context, certain func() matchconditions.Matcher, r *request, kind schema.GroupVersionKind) bool {
	c := certain()
	if c == nil {
		return false
	}
	attributes, err := admission.NewVersionedAttributes(r, kind, m.objects)
	if err != nil {
		return false
	}
	result := c.Match(ctx, attributes, nil, m.authorizer)
	return result.Error == nil && !result.Matches
}
