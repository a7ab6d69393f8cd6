package proof

import (
	"testing"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/gke-preflight/gke-preflight/gke/controlplane/rig"
)

type webhook = admissionregistrationv1.ValidatingWebhook

func timeout(seconds int32) adjust {
	return func(w *webhook) { w.TimeoutSeconds = &seconds }
}

func failOpen(w *webhook) {
	ignore := admissionregistrationv1.Ignore
	w.FailurePolicy = &ignore
}

func rule(group, resource string) admissionregistrationv1.RuleWithOperations {
	return admissionregistrationv1.RuleWithOperations{
		Operations: []admissionregistrationv1.OperationType{admissionregistrationv1.OperationAll},
		Rule:       admissionregistrationv1.Rule{APIGroups: []string{group}, APIVersions: []string{"*"}, Resources: []string{resource}},
	}
}

func only(group, resource string) adjust {
	return func(w *webhook) { w.Rules = []admissionregistrationv1.RuleWithOperations{rule(group, resource)} }
}

func alsoServices(w *webhook) { w.Rules = append(w.Rules, rule("", "services")) }

func inNamespace(op metav1.LabelSelectorOperator, name string) adjust {
	return func(w *webhook) {
		w.NamespaceSelector = &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{
			{Key: "kubernetes.io/metadata.name", Operator: op, Values: []string{name}},
		}}
	}
}

func exemptAPIServer(w *webhook) {
	w.MatchConditions = []admissionregistrationv1.MatchCondition{
		{Name: "not-the-api-server", Expression: `request.userInfo.username != "system:apiserver"`},
	}
}

func denySystemRoles() *admissionregistrationv1.ValidatingAdmissionPolicy {
	return &admissionregistrationv1.ValidatingAdmissionPolicy{
		ObjectMeta: metav1.ObjectMeta{Name: "protect-system-roles"},
		Spec: admissionregistrationv1.ValidatingAdmissionPolicySpec{
			MatchConstraints: &admissionregistrationv1.MatchResources{ResourceRules: []admissionregistrationv1.NamedRuleWithOperations{
				{RuleWithOperations: rule("rbac.authorization.k8s.io", "clusterroles")},
			}},
			Validations: []admissionregistrationv1.Validation{{
				Expression: `!object.metadata.name.startsWith("system:")`,
				Message:    "system roles are not to be touched",
			}},
		},
	}
}

// bind binds the policy everywhere; params is nil for one that takes none.
func bind(t *testing.T, c *rig.Cluster, p *admissionregistrationv1.ValidatingAdmissionPolicy, params *admissionregistrationv1.ParamRef) {
	t.Helper()
	client := c.Client.AdmissionregistrationV1()
	if _, err := client.ValidatingAdmissionPolicies().Create(t.Context(), p, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	binding := &admissionregistrationv1.ValidatingAdmissionPolicyBinding{
		ObjectMeta: metav1.ObjectMeta{Name: "everywhere"},
		Spec: admissionregistrationv1.ValidatingAdmissionPolicyBindingSpec{
			PolicyName: p.Name, ValidationActions: []admissionregistrationv1.ValidationAction{admissionregistrationv1.Deny}, ParamRef: params,
		},
	}
	if _, err := client.ValidatingAdmissionPolicyBindings().Create(t.Context(), binding, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
}
