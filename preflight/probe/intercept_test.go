package probe

import (
	"testing"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/gke-preflight/gke-preflight/preflight/admission"
	"github.com/gke-preflight/gke-preflight/preflight/bootstrap"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

func TestIntercept(t *testing.T) {
	everything := admissionregistrationv1.ValidatingWebhook{
		Name: "all.example.com",
		Rules: []admissionregistrationv1.RuleWithOperations{{
			Operations: []admissionregistrationv1.OperationType{"*"},
			Rule:       admissionregistrationv1.Rule{APIGroups: []string{"*"}, APIVersions: []string{"*"}, Resources: []string{"*/*"}},
		}},
		ClientConfig: admissionregistrationv1.WebhookClientConfig{Service: &admissionregistrationv1.ServiceReference{Namespace: "opa", Name: "opa"}},
	}
	s := snapshot(
		facts.Present(facts.ServerVersion, facts.Version{GitVersion: "v1.35.4"}),
		facts.Present(facts.APIResources, nil),
		facts.Present(facts.Namespaces, []facts.Namespace{{Name: "kube-system"}, {Name: "default"}}),
		facts.Present(facts.PriorityClasses, nil),
		facts.Present(facts.ValidatingWebhooks, []admissionregistrationv1.ValidatingWebhookConfiguration{{
			ObjectMeta: metav1.ObjectMeta{Name: "all"}, Webhooks: []admissionregistrationv1.ValidatingWebhook{everything},
		}}),
	).WithMeta(facts.Meta{Target: "1.36.3"})
	writes := bootstrap.Of(s).Writes
	got := admission.Intercept(s)
	if len(writes) == 0 || len(got) != len(writes) {
		t.Fatalf("%d writes, %d intercepted", len(writes), len(got))
	}
	for n, i := range got {
		if i.Write.Key() != writes[n].Key() {
			t.Errorf("%s is in the place of %s", i.Write.Key(), writes[n].Key())
		}
		if len(i.By) != 1 || i.By[0].Webhook != "all.example.com" {
			t.Errorf("%s: %+v", i.Write.Key(), i.By)
		}
	}
	if len(Plan(s, got, Options{})) == 0 {
		t.Error("nothing would be asked")
	}
}
