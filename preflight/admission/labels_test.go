package admission_test

import (
	"maps"
	"testing"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/gke-preflight/gke-preflight/preflight/admission"
	"github.com/gke-preflight/gke-preflight/preflight/bootstrap"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// node is a sketch of a node whose zone differs from one to the next.
func node(complete bool) bootstrap.Write {
	o := &unstructured.Unstructured{Object: map[string]any{"apiVersion": "v1", "kind": "Node", "metadata": map[string]any{
		"name": "n1", "labels": map[string]any{"kubernetes.io/os": "linux", "zone": "a"},
	}}}
	return bootstrap.Write{
		Operation: bootstrap.Create, Name: "n1", User: bootstrap.User{Name: "system:node:n1"}, Object: o,
		Resource: schema.GroupVersionResource{Version: "v1", Resource: "nodes"}, Kind: schema.GroupVersionKind{Version: "v1", Kind: "Node"},
		Sketch: true, Labels: bootstrap.Labels{Varying: []string{"zone"}, Complete: complete},
	}
}

type selector = metav1.LabelSelector

func expression(key string, op metav1.LabelSelectorOperator, values ...string) selector {
	return selector{MatchExpressions: []metav1.LabelSelectorRequirement{{Key: key, Operator: op, Values: values}}}
}

func and(a, b selector) selector {
	m := map[string]string{}
	maps.Copy(m, a.MatchLabels)
	maps.Copy(m, b.MatchLabels)
	return selector{MatchLabels: m, MatchExpressions: append(a.MatchExpressions, b.MatchExpressions...)}
}

// TestLabelsOfSketches: a label that a sketch does not carry is not known to be
// absent. A webhook that selects by it may see the write, or not.
func TestLabelsOfSketches(t *testing.T) {
	const in, notIn, exists, without = metav1.LabelSelectorOpIn, metav1.LabelSelectorOpNotIn, metav1.LabelSelectorOpExists, metav1.LabelSelectorOpDoesNotExist
	for name, c := range map[string]struct {
		s selector
		// want is for a sketch with other labels that are not known, complete for one without.
		want, complete string
	}{
		"known":                            {selector{MatchLabels: map[string]string{"kubernetes.io/os": "linux"}}, "seen", "seen"},
		"known, and other":                 {expression("kubernetes.io/os", in, "windows"), "unseen", "unseen"},
		"unknown":                          {selector{MatchLabels: map[string]string{"team": "a"}}, "undecided", "unseen"},
		"unknown, exists":                  {expression("team", exists), "undecided", "unseen"},
		"unknown, exempted":                {expression("team", without), "undecided", "seen"},
		"unknown, none of":                 {expression("team", notIn, "a"), "undecided", "seen"},
		"any value":                        {expression("zone", exists), "seen", "seen"},
		"any value, exempted":              {expression("zone", without), "unseen", "unseen"},
		"one value of those that vary":     {expression("zone", in, "a"), "undecided", "undecided"},
		"not one of those that vary":       {expression("zone", notIn, "a"), "undecided", "undecided"},
		"unknown, and one that is not met": {and(expression("team", exists), expression("kubernetes.io/os", in, "windows")), "unseen", "unseen"},
		"unknown, and one that is met":     {and(expression("team", exists), expression("kubernetes.io/os", exists)), "undecided", "unseen"},
	} {
		t.Run(name, func(t *testing.T) {
			hook := hookWith(func(h *admissionregistrationv1.MutatingWebhook) { h.ObjectSelector = &c.s })
			policy := denying(c.s, admissionregistrationv1.Deny)
			for complete, want := range map[bool]string{false: c.want, true: c.complete} {
				if got := seen(admission.Match(hook, node(complete))); got != want {
					t.Errorf("complete %v: the webhook is %s, want %s", complete, got, want)
				}
				denied := map[string]string{"seen": "denied", "unseen": "unseen", "undecided": "undecided"}[want]
				if got := seen(admission.Match(policy, node(complete))); got != denied {
					t.Errorf("complete %v: by the policy it is %s, want %s", complete, got, denied)
				}
			}
		})
	}
}

// TestLabelsThatDecideNothing: a policy that admits whatever it sees does so
// whether or not it sees the write.
func TestLabelsThatDecideNothing(t *testing.T) {
	s := denying(expression("team", metav1.LabelSelectorOpExists), admissionregistrationv1.Deny)
	p := facts.ValidatingPolicies.Of(s)[0]
	p.Spec.Validations = []admissionregistrationv1.Validation{{Expression: "object.kind != 'x'"}}
	s = s.With(facts.Present(facts.ValidatingPolicies, []admissionregistrationv1.ValidatingAdmissionPolicy{p}))
	for _, i := range admission.Match(s, node(false)) {
		if i.Undecided != "" || i.Denial != "" {
			t.Errorf("it is %+v", i)
		}
	}
}

// TestBindingsThatOnlyTell: without Deny, what a validation comes to denies
// nothing, known or not. An audit annotation that can't be evaluated still may.
func TestBindingsThatOnlyTell(t *testing.T) {
	w := node(false)
	reads := []admissionregistrationv1.Validation{{Expression: "has(object.spec.podCIDR)"}}
	for name, c := range map[string]struct {
		change func(*admissionregistrationv1.ValidatingAdmissionPolicySpec)
		action admissionregistrationv1.ValidationAction
		want   string
	}{
		"denies": {nil, admissionregistrationv1.Deny, "undecided"},
		"warns":  {nil, admissionregistrationv1.Warn, "seen"},
		"audits": {nil, admissionregistrationv1.Audit, "seen"},
		"with an annotation": {func(s *admissionregistrationv1.ValidatingAdmissionPolicySpec) {
			s.AuditAnnotations = []admissionregistrationv1.AuditAnnotation{{Key: "a", ValueExpression: "object.spec.podCIDR"}}
		}, admissionregistrationv1.Audit, "undecided"},
		"with parameters": {func(s *admissionregistrationv1.ValidatingAdmissionPolicySpec) {
			s.ParamKind = &admissionregistrationv1.ParamKind{APIVersion: "v1", Kind: "ConfigMap"}
		}, admissionregistrationv1.Warn, "undecided"},
	} {
		s := denying(selector{}, c.action)
		p := facts.ValidatingPolicies.Of(s)[0]
		p.Spec.Validations = reads
		if c.change != nil {
			c.change(&p.Spec)
		}
		s = s.With(facts.Present(facts.ValidatingPolicies, []admissionregistrationv1.ValidatingAdmissionPolicy{p}))
		if got := seen(admission.Match(s, w)); got != c.want {
			t.Errorf("a policy that %s is %s, want %s", name, got, c.want)
		}
	}
}

func seen(by []admission.Interception) string {
	switch {
	case len(by) == 0:
		return "unseen"
	case by[0].Undecided != "":
		return "undecided"
	case by[0].Denial != "":
		return "denied"
	}
	return "seen"
}

// denying is a cluster with a policy that rejects every node that it selects.
func denying(objects selector, action admissionregistrationv1.ValidationAction) *facts.Snapshot {
	var p admissionregistrationv1.ValidatingAdmissionPolicy
	p.Name = "p"
	rule := admissionregistrationv1.NamedRuleWithOperations{RuleWithOperations: admissionregistrationv1.RuleWithOperations{
		Operations: []admissionregistrationv1.OperationType{admissionregistrationv1.OperationAll},
		Rule:       admissionregistrationv1.Rule{APIGroups: []string{""}, APIVersions: []string{"v1"}, Resources: []string{"nodes"}},
	}}
	p.Spec.MatchConstraints = &admissionregistrationv1.MatchResources{ResourceRules: []admissionregistrationv1.NamedRuleWithOperations{rule}, ObjectSelector: &objects}
	p.Spec.Validations = []admissionregistrationv1.Validation{{Expression: "false"}}
	var b admissionregistrationv1.ValidatingAdmissionPolicyBinding
	b.Name = "b"
	b.Spec = admissionregistrationv1.ValidatingAdmissionPolicyBindingSpec{PolicyName: "p", ValidationActions: []admissionregistrationv1.ValidationAction{action}}
	return facts.New(facts.Meta{Target: "1.36"},
		facts.Present(facts.APIResources, []facts.APIResource{}), facts.Present(facts.Namespaces, []facts.Namespace{}),
		facts.Present(facts.ValidatingPolicies, []admissionregistrationv1.ValidatingAdmissionPolicy{p}),
		facts.Present(facts.ValidatingPolicyBindings, []admissionregistrationv1.ValidatingAdmissionPolicyBinding{b}))
}
