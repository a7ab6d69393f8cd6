package main

import (
	"context"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/gke-preflight/gke-preflight/gke/controlplane/rig"
)

// A scope is what a webhook sees.
type scope struct {
	name string
	// rules are nil for everything.
	rules      []admissionregistrationv1.RuleWithOperations
	namespaces *metav1.LabelSelector
	conditions []admissionregistrationv1.MatchCondition
}

var (
	everything    = scope{name: "everything"}
	roles         = scope{name: "RBAC", rules: rules("rbac.authorization.k8s.io", "*")}
	background    = scope{name: "ConfigMaps and Leases of kube-system", rules: append(rules("", "configmaps"), rules("coordination.k8s.io", "leases")...), namespaces: namespace(metav1.LabelSelectorOpIn)}
	notKubeSystem = scope{name: "all but kube-system", namespaces: namespace(metav1.LabelSelectorOpNotIn)}
	flowSchemas   = scope{name: "FlowSchemas", rules: rules("flowcontrol.apiserver.k8s.io", "flowschemas")}
	apiServices   = scope{name: "APIServices", rules: rules("apiregistration.k8s.io", "apiservices")}
	ipAddresses   = scope{name: "IPAddresses", rules: rules("networking.k8s.io", "ipaddresses")}
	serviceCIDRs  = scope{name: "ServiceCIDRs", rules: rules("networking.k8s.io", "servicecidrs")}
	systemRoles   = scope{name: "ClusterRoles"}
	exempted      = scope{name: "RBAC, the API server exempted", rules: rules("rbac.authorization.k8s.io", "*"), conditions: []admissionregistrationv1.MatchCondition{
		{Name: "not-the-api-server", Expression: `request.userInfo.username != "system:apiserver"`},
	}}
	// oneRole is of the ClusterRoles that 1.36 and 1.37 change the one.
	oneRole = scope{name: "one ClusterRole", rules: rules("rbac.authorization.k8s.io", "clusterroles"), conditions: []admissionregistrationv1.MatchCondition{
		{Name: "one", Expression: `request.name in ["system:monitoring", "system:node"]`},
	}}
)

func (s scope) rulesOr(all []admissionregistrationv1.RuleWithOperations) []admissionregistrationv1.RuleWithOperations {
	if s.rules == nil {
		return all
	}
	return s.rules
}

func rules(group, resource string) []admissionregistrationv1.RuleWithOperations {
	return []admissionregistrationv1.RuleWithOperations{{
		Operations: []admissionregistrationv1.OperationType{admissionregistrationv1.OperationAll},
		Rule:       admissionregistrationv1.Rule{APIGroups: []string{group}, APIVersions: []string{"*"}, Resources: []string{resource}},
	}}
}

func namespace(op metav1.LabelSelectorOperator) *metav1.LabelSelector {
	return &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{
		{Key: "kubernetes.io/metadata.name", Operator: op, Values: []string{"kube-system"}},
	}}
}

// denySystemRoles creates a policy, named like the webhooks, that denies every
// write of a ClusterRole whose name begins with "system:".
func denySystemRoles(ctx context.Context, c *rig.Cluster) error {
	client := c.Client.AdmissionregistrationV1()
	_, err := client.ValidatingAdmissionPolicies().Create(ctx, &admissionregistrationv1.ValidatingAdmissionPolicy{
		ObjectMeta: metav1.ObjectMeta{Name: culprit},
		Spec: admissionregistrationv1.ValidatingAdmissionPolicySpec{
			MatchConstraints: &admissionregistrationv1.MatchResources{ResourceRules: []admissionregistrationv1.NamedRuleWithOperations{
				{RuleWithOperations: rules("rbac.authorization.k8s.io", "clusterroles")[0]},
			}},
			Validations: []admissionregistrationv1.Validation{{Expression: `!object.metadata.name.startsWith("system:")`}},
		},
	}, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	_, err = client.ValidatingAdmissionPolicyBindings().Create(ctx, &admissionregistrationv1.ValidatingAdmissionPolicyBinding{
		ObjectMeta: metav1.ObjectMeta{Name: "everywhere"},
		Spec: admissionregistrationv1.ValidatingAdmissionPolicyBindingSpec{
			PolicyName: culprit, ValidationActions: []admissionregistrationv1.ValidationAction{admissionregistrationv1.Deny},
		},
	}, metav1.CreateOptions{})
	return err
}
