package admission_test

import (
	"fmt"
	"testing"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/gke-preflight/gke-preflight/preflight/admission"
	"github.com/gke-preflight/gke-preflight/preflight/bootstrap"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// manyWebhooks is 200 configurations with a webhook each, every one of which
// sees every ClusterRole; conditions is how many of them have a matchCondition.
func manyWebhooks(conditions int) *facts.Snapshot {
	configs := make([]admissionregistrationv1.ValidatingWebhookConfiguration, 200)
	for n := range configs {
		h := admissionregistrationv1.ValidatingWebhook{
			Name:         fmt.Sprintf("hook-%d.example.com", n),
			ClientConfig: admissionregistrationv1.WebhookClientConfig{URL: new("https://hook.example.com/")},
			Rules: []admissionregistrationv1.RuleWithOperations{{
				Operations: []admissionregistrationv1.OperationType{"*"},
				Rule:       admissionregistrationv1.Rule{APIGroups: []string{"*"}, APIVersions: []string{"*"}, Resources: []string{"*/*"}},
			}},
			NamespaceSelector: &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{
				{Key: "kubernetes.io/metadata.name", Operator: metav1.LabelSelectorOpNotIn, Values: []string{"kube-system"}},
			}},
		}
		if n < conditions {
			h.MatchConditions = []admissionregistrationv1.MatchCondition{{
				Name: "a", Expression: fmt.Sprintf("request.userInfo.username != 'someone-%d' && object.metadata.name != ''", n),
			}}
		}
		configs[n] = admissionregistrationv1.ValidatingWebhookConfiguration{
			ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("config-%03d", n)}, Webhooks: []admissionregistrationv1.ValidatingWebhook{h},
		}
	}
	return facts.New(facts.Meta{},
		facts.Present(facts.ValidatingWebhooks, configs),
		facts.Present(facts.APIResources, []facts.APIResource{{Group: "rbac.authorization.k8s.io", Version: "v1", Resource: "clusterroles", Kind: "ClusterRole"}}),
		facts.Present(facts.Namespaces, []facts.Namespace{}))
}

func hundredWrites() []bootstrap.Write {
	writes := make([]bootstrap.Write, 100)
	for n := range writes {
		w := clusterRole
		w.Operation, w.Name = bootstrap.Update, fmt.Sprintf("role-%d", n)
		rules := make([]any, 20)
		for r := range rules {
			rules[r] = map[string]any{"apiGroups": []any{"apps"}, "resources": []any{"deployments"}, "verbs": []any{"get", "list", "watch"}}
		}
		w.Object = &unstructured.Unstructured{Object: map[string]any{
			"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole",
			"metadata": map[string]any{"name": w.Name}, "rules": rules,
		}}
		w.OldObject = w.Object
		writes[n] = w
	}
	return writes
}

// BenchmarkMatch takes 100 writes through 200 webhooks, of which none, some or
// all have a matchCondition.
func BenchmarkMatch(b *testing.B) {
	for _, conditions := range []int{0, 20, 200} {
		b.Run(fmt.Sprintf("conditions=%d", conditions), func(b *testing.B) {
			m, writes := admission.For(manyWebhooks(conditions)), hundredWrites()
			m.Match(writes[0])
			for b.Loop() {
				for _, w := range writes {
					if n := len(m.Match(w)); n != 200 {
						b.Fatalf("%d interceptions, want 200", n)
					}
				}
			}
		})
	}
}

// BenchmarkCompile makes a matcher and lets it compile every matchCondition.
func BenchmarkCompile(b *testing.B) {
	write := hundredWrites()[0]
	for b.Loop() {
		admission.For(manyWebhooks(200)).Match(write)
	}
}
