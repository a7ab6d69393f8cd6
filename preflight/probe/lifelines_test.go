package probe

import (
	"strings"
	"testing"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/lifeline"
)

// TestLifelineQuestions asks one webhook about each write of the lifelines that
// it sees, as its user, and lets nobody make a dry-run in another's name.
func TestLifelineQuestions(t *testing.T) {
	none := admissionregistrationv1.SideEffectClassNone
	s := snapshot(
		facts.Present(facts.ValidatingWebhooks, []admissionregistrationv1.ValidatingWebhookConfiguration{{
			ObjectMeta: metav1.ObjectMeta{Name: "opa"},
			Webhooks: []admissionregistrationv1.ValidatingWebhook{{
				Name: "opa.example.com", SideEffects: &none, AdmissionReviewVersions: []string{"v1"},
				Rules: []admissionregistrationv1.RuleWithOperations{{
					Operations: []admissionregistrationv1.OperationType{admissionregistrationv1.OperationAll},
					Rule:       admissionregistrationv1.Rule{APIGroups: []string{"coordination.k8s.io"}, APIVersions: []string{"*"}, Resources: []string{"*"}},
				}},
				ClientConfig: admissionregistrationv1.WebhookClientConfig{Service: &admissionregistrationv1.ServiceReference{Namespace: "opa", Name: "opa"}},
			}},
		}}),
		facts.Present(facts.Nodes, []facts.Node{{Name: "n1"}}),
	)
	users := map[string]int{}
	for _, r := range Plan(s, lifeline.Intercept(s), Options{Vantage: facts.PodNetwork, ServerDryRun: Always}) {
		switch {
		case r.DryRun():
			t.Errorf("a dry-run: %s", r)
		case !strings.Contains(string(r.Review), `"username":"`+r.Write.User.Name+`"`) || !strings.Contains(string(r.Review), `"dryRun":true`):
			t.Errorf("%s is asked as %s", r, r.Review)
		case r.Attempt(facts.Allowed, "", "").As != r.Write.User.Name:
			t.Errorf("%s is recorded as asked for another", r)
		}
		users[r.Write.User.Name]++
	}
	want := map[string]int{"system:node:n1": 2, "system:kube-controller-manager": 1, "system:kube-scheduler": 1, "system:cloud-controller-manager": 1}
	for u, n := range want {
		if users[u] != n {
			t.Errorf("%d questions for %s, want %d", users[u], u, n)
		}
		delete(users, u)
	}
	for u := range users {
		t.Errorf("a question for %s", u)
	}
}
