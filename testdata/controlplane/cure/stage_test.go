package cure

import (
	"testing"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/gke-preflight/gke-preflight/gke/controlplane"
	"github.com/gke-preflight/gke-preflight/gke/controlplane/rig"
)

// frozen is OPA on everything, stopped.
func frozen(adjust ...func(*webhook)) func(*testing.T, *rig.Cluster) {
	return func(t *testing.T, c *rig.Cluster) {
		t.Helper()
		opa, err := c.StartOPA(t.Context(), rig.BackendOptions{Namespace: "opa", Service: "opa"})
		if err == nil {
			err = c.Validate(t.Context(), "opa", opa.ClientConfig("/"), adjust...)
		}
		if err == nil {
			err = opa.Freeze()
		}
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := opa.Thaw(); err != nil {
				t.Error(err)
			}
		})
	}
}

func timeout(seconds int32) func(*webhook) {
	return func(w *webhook) { w.TimeoutSeconds = &seconds }
}

func failOpen(w *webhook) {
	ignore := admissionregistrationv1.Ignore
	w.FailurePolicy = &ignore
}

// condition is one that is there already, and has a name that a cure would take.
func condition(w *webhook) {
	w.MatchConditions = []admissionregistrationv1.MatchCondition{{Name: "not-the-api-server", Expression: `request.userInfo.username != "nobody"`}}
}

func rule(group, resource string) admissionregistrationv1.RuleWithOperations {
	return admissionregistrationv1.RuleWithOperations{
		Operations: []admissionregistrationv1.OperationType{admissionregistrationv1.OperationAll},
		Rule:       admissionregistrationv1.Rule{APIGroups: []string{group}, APIVersions: []string{"*"}, Resources: []string{resource}},
	}
}

func onlyConfigMaps(w *webhook) {
	w.Rules = []admissionregistrationv1.RuleWithOperations{rule("", "configmaps")}
}

// denied has a mutating webhook and a policy deny what the start writes.
func denied(t *testing.T, c *rig.Cluster) {
	t.Helper()
	b, err := c.StartBackend(t.Context(), rig.BackendOptions{Namespace: "policies", Service: "policies", Behaviour: controlplane.Deny("not today", 0)})
	if err == nil {
		err = c.Mutate(t.Context(), "policies", b.ClientConfig("/"), func(w *admissionregistrationv1.MutatingWebhook) {
			w.Rules = []admissionregistrationv1.RuleWithOperations{rule("rbac.authorization.k8s.io", "*")}
		})
	}
	if err != nil {
		t.Fatal(err)
	}
	client := c.Client.AdmissionregistrationV1()
	policy := &admissionregistrationv1.ValidatingAdmissionPolicy{
		ObjectMeta: metav1.ObjectMeta{Name: "protect-system-roles"},
		Spec: admissionregistrationv1.ValidatingAdmissionPolicySpec{
			MatchConstraints: &admissionregistrationv1.MatchResources{ResourceRules: []admissionregistrationv1.NamedRuleWithOperations{
				{RuleWithOperations: rule("rbac.authorization.k8s.io", "clusterroles")},
			}},
			Validations: []admissionregistrationv1.Validation{{Expression: `!object.metadata.name.startsWith("system:")`}},
		},
	}
	binding := &admissionregistrationv1.ValidatingAdmissionPolicyBinding{
		ObjectMeta: metav1.ObjectMeta{Name: "everywhere"},
		Spec: admissionregistrationv1.ValidatingAdmissionPolicyBindingSpec{
			PolicyName: policy.Name, ValidationActions: []admissionregistrationv1.ValidationAction{admissionregistrationv1.Deny},
		},
	}
	if _, err := client.ValidatingAdmissionPolicies().Create(t.Context(), policy, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	if _, err := client.ValidatingAdmissionPolicyBindings().Create(t.Context(), binding, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
}
