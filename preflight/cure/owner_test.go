package cure

import (
	"slices"
	"testing"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func TestOwners(t *testing.T) {
	for name, c := range map[string]struct {
		meta metav1.ObjectMeta
		want []string
	}{
		"nobody":       {metav1.ObjectMeta{}, nil},
		"a person":     {metav1.ObjectMeta{ManagedFields: []metav1.ManagedFieldsEntry{{Manager: "kubectl-client-side-apply"}, {Manager: "kubectl"}}}, nil},
		"Helm":         {metav1.ObjectMeta{Labels: map[string]string{"app.kubernetes.io/managed-by": "Helm"}, ManagedFields: []metav1.ManagedFieldsEntry{{Manager: "helm"}}}, []string{"Helm", "helm"}},
		"Flux":         {metav1.ObjectMeta{Labels: map[string]string{"kustomize.toolkit.fluxcd.io/name": "policies"}}, []string{"Flux (Kustomization): policies"}},
		"an injector":  {metav1.ObjectMeta{ManagedFields: []metav1.ManagedFieldsEntry{{Manager: injector}}}, nil},
		"a spoiler":    {metav1.ObjectMeta{ManagedFields: []metav1.ManagedFieldsEntry{{Manager: "a\x1b[2J"}}}, []string{"a?[2J"}},
		"an empty one": {metav1.ObjectMeta{Labels: map[string]string{"heritage": ""}}, nil},
	} {
		if got := owners(&admissionregistrationv1.ValidatingWebhookConfiguration{ObjectMeta: c.meta}); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestAdvice(t *testing.T) {
	for name, known := range map[string]bool{"kyverno-resource-validating-webhook-cfg": true, "gatekeeper-validating-webhook-configuration": true, "opa": false} {
		if got := advice(name); (got != "") != known {
			t.Errorf("%s: %q", name, got)
		}
	}
}

// TestHolds is the API server's own way to read a rule's resources.
func TestHolds(t *testing.T) {
	for _, c := range []struct {
		rule, kind string
		want       bool
	}{
		{"*", "services", true}, {"*/*", "services", true}, {"services", "services", true}, {"pods", "services", false},
		{"*", "pods/exec", false}, {"*/*", "pods/exec", true}, {"pods/*", "pods/exec", true}, {"pods/*", "pods", true},
		{"pods/exec", "pods", false}, {"*/exec", "pods/exec", true}, {"*/exec", "pods", false},
	} {
		r := admissionregistrationv1.RuleWithOperations{Rule: admissionregistrationv1.Rule{APIGroups: []string{""}, Resources: []string{c.rule}}}
		if got := holds(r, kind{Resource: c.kind}); got != c.want {
			t.Errorf("%s holds %s: %v", c.rule, c.kind, got)
		}
	}
}
