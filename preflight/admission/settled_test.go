package admission_test

import (
	"fmt"
	"strings"
	"testing"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/gke-preflight/gke-preflight/preflight/admission"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// TestSettled: what a policy says to one write must not be taken for what it says to
// another, unless it can't tell them apart.
func TestSettled(t *testing.T) {
	put := map[string]func(*admissionregistrationv1.ValidatingAdmissionPolicySpec, string){
		"matchCondition": func(p *admissionregistrationv1.ValidatingAdmissionPolicySpec, e string) {
			p.MatchConditions = []admissionregistrationv1.MatchCondition{{Name: "c", Expression: e}}
		},
		"variable": func(p *admissionregistrationv1.ValidatingAdmissionPolicySpec, e string) {
			p.Variables = []admissionregistrationv1.Variable{{Name: "v", Expression: e}}
		},
		"validation": func(p *admissionregistrationv1.ValidatingAdmissionPolicySpec, e string) {
			p.Validations = append(p.Validations, admissionregistrationv1.Validation{Expression: e})
		},
		"messageExpression": func(p *admissionregistrationv1.ValidatingAdmissionPolicySpec, e string) {
			p.Validations[0].MessageExpression = "string(" + e + ")"
		},
		"audit annotation": func(p *admissionregistrationv1.ValidatingAdmissionPolicySpec, e string) {
			p.AuditAnnotations = []admissionregistrationv1.AuditAnnotation{{Key: "k", ValueExpression: "string(" + e + ")"}}
		},
	}
	for place, into := range put {
		for expression, want := range map[string]bool{
			"[1, 2].all(n, n > 0)":                        true,
			"variables.v":                                 true,
			"object == null":                              false,
			"oldObject == null":                           false,
			"request.name == ''":                          false,
			"params == null":                              false,
			"namespaceObject == null":                     false,
			"authorizer.path('/').check('get').allowed()": false,
		} {
			p := admissionregistrationv1.ValidatingAdmissionPolicy{Spec: admissionregistrationv1.ValidatingAdmissionPolicySpec{
				Validations: []admissionregistrationv1.Validation{{Expression: "true"}},
			}}
			into(&p.Spec, expression)
			if got := admission.IsSettled(&p); got != want {
				t.Errorf("%s as %s: it says the same to each write: %v", expression, place, got)
			}
		}
	}
}

// TestCostly: a policy whose expression exceeds the limit of what it may cost denies each
// write that it matches, by its own name, and is evaluated once: a hundred times as many
// writes must not take a hundred times as long.
func TestCostly(t *testing.T) {
	nested := "1 > 0"
	for n := range 6 {
		nested = fmt.Sprintf("[1, 2, 3, 4, 5, 6, 7, 8, 9, 10].all(v%d, %s)", n, nested)
	}
	p := admissionregistrationv1.ValidatingAdmissionPolicy{ObjectMeta: metav1.ObjectMeta{Name: "p"}, Spec: admissionregistrationv1.ValidatingAdmissionPolicySpec{
		MatchConstraints: &admissionregistrationv1.MatchResources{ResourceRules: []admissionregistrationv1.NamedRuleWithOperations{{RuleWithOperations: admissionregistrationv1.RuleWithOperations{
			Operations: []admissionregistrationv1.OperationType{"*"},
			Rule:       admissionregistrationv1.Rule{APIGroups: []string{"*"}, APIVersions: []string{"*"}, Resources: []string{"*"}},
		}}}},
		Validations: []admissionregistrationv1.Validation{{Expression: nested}},
	}}
	b := admissionregistrationv1.ValidatingAdmissionPolicyBinding{ObjectMeta: metav1.ObjectMeta{Name: "p"},
		Spec: admissionregistrationv1.ValidatingAdmissionPolicyBindingSpec{PolicyName: "p", ValidationActions: []admissionregistrationv1.ValidationAction{"Deny"}}}
	s := hookWith(func(h *admissionregistrationv1.MutatingWebhook) { h.Rules = nil }).With(
		facts.Present(facts.ValidatingPolicies, []admissionregistrationv1.ValidatingAdmissionPolicy{p}),
		facts.Present(facts.ValidatingPolicyBindings, []admissionregistrationv1.ValidatingAdmissionPolicyBinding{b}))
	for _, name := range []string{"reader", "writer"} {
		w := clusterRole
		w.Name = name
		by := admission.Match(s, w)
		if len(by) != 1 || !strings.Contains(by[0].Denial, "cost limit exceeded") || !strings.Contains(by[0].Denial, `"`+name+`"`) {
			t.Errorf("%s: %+v", name, by)
		}
	}
	if n := testing.AllocsPerRun(1, func() { admission.Match(s, clusterRole) }); n > 10_000 {
		t.Errorf("one more write takes %g allocations: it is evaluated again", n)
	}
}
