package bootstrap

import (
	"slices"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	flowcontrolv1 "k8s.io/api/flowcontrol/v1"
	networkingv1 "k8s.io/api/networking/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/gke-preflight/gke-preflight/preflight/bootstrap/catalogue"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// The API server that runs on an untouched cluster.
const (
	runningAddress = "192.0.2.10"
	runningHost    = "running"
	runningLease   = "apiserver-running"
)

// Untouched returns what would be observed of a cluster of that minor, such as
// 1.36, in which nothing but one API server has written yet; false if the
// catalogue does not hold the minor. It covers what admission and the plan of
// writes are made from. Nothing tells of nodes, pods and GKE.
func Untouched(minor string) ([]facts.Observation, bool) {
	m, ok := catalogue.Find(minor)
	if !ok {
		return nil, false
	}
	return slices.Concat([]facts.Observation{
		facts.Present(facts.ServerVersion, facts.Version{GitVersion: "v" + m.Version}),
		facts.Present(facts.APIResources, m.Resources),
		facts.Present(facts.ClusterRoles, written[rbacv1.ClusterRole](m, "ClusterRole")),
		facts.Present(facts.ClusterRoleBindings, written[rbacv1.ClusterRoleBinding](m, "ClusterRoleBinding")),
		facts.Present(facts.Roles, written[rbacv1.Role](m, "Role")),
		facts.Present(facts.RoleBindings, written[rbacv1.RoleBinding](m, "RoleBinding")),
		facts.Present(facts.FlowSchemas, written[flowcontrolv1.FlowSchema](m, "FlowSchema")),
		facts.Present(facts.PriorityLevels, written[flowcontrolv1.PriorityLevelConfiguration](m, "PriorityLevelConfiguration")),
		facts.Present(facts.ServiceCIDRs, written[networkingv1.ServiceCIDR](m, "ServiceCIDR")),
		facts.Present(facts.Namespaces, project(m, "Namespace", func(u *unstructured.Unstructured) facts.Namespace {
			return facts.Namespace{Name: u.GetName(), Labels: u.GetLabels(), Annotations: map[string]string{}}
		})),
		facts.Present(facts.PriorityClasses, project(m, "PriorityClass", (*unstructured.Unstructured).GetName)),
		facts.Present(facts.APIServices, project(m, "APIService", untouchedAPIService)),
		facts.Present(facts.IPAddresses, project(m, "IPAddress", untouchedIPAddress)),
		facts.Present(facts.Services, project(m, "Service", untouchedService)),
		facts.Present(facts.SystemConfigMaps, project(m, "ConfigMap", untouchedConfigMap)),
		facts.Present(facts.IdentityLeases, project(m, "Lease", func(u *unstructured.Unstructured) facts.IdentityLease {
			return facts.IdentityLease{Name: runningLease, Labels: withEntry(u.GetLabels(), corev1.LabelHostname, runningHost)}
		})),
		facts.Present(facts.KubernetesService, facts.APIServerService{
			Exists: true, Addresses: []string{runningAddress}, SliceAddresses: []string{runningAddress}, Port: 443,
		}),
	}, noAdmission()), true
}

func noAdmission() []facts.Observation {
	return []facts.Observation{
		facts.Present(facts.ValidatingWebhooks, []admissionregistrationv1.ValidatingWebhookConfiguration{}),
		facts.Present(facts.MutatingWebhooks, []admissionregistrationv1.MutatingWebhookConfiguration{}),
		facts.Present(facts.ValidatingPolicies, []admissionregistrationv1.ValidatingAdmissionPolicy{}),
		facts.Present(facts.ValidatingPolicyBindings, []admissionregistrationv1.ValidatingAdmissionPolicyBinding{}),
		facts.Present(facts.MutatingPolicies, []admissionregistrationv1.MutatingAdmissionPolicy{}),
		facts.Present(facts.MutatingPolicyBindings, []admissionregistrationv1.MutatingAdmissionPolicyBinding{}),
		facts.Present(facts.PolicyParams, []facts.ParamKind{}),
	}
}

// project returns what f makes of each object of that kind, as it stands after
// the last write to it.
func project[T any](m catalogue.Minor, kind string, f func(*unstructured.Unstructured) T) []T {
	last := map[string]*unstructured.Unstructured{}
	var names []string
	for _, w := range m.Writes {
		if w.Object.GetKind() != kind {
			continue
		}
		name := w.Object.GetNamespace() + "/" + w.Object.GetName()
		if _, ok := last[name]; !ok {
			names = append(names, name)
		}
		if last[name] == nil || w.Verb == string(Update) {
			last[name] = w.Object
		}
	}
	slices.Sort(names)
	out := []T{}
	for _, name := range names {
		out = append(out, f(last[name]))
	}
	return out
}

// written are the objects as facts keep them: the API server's own type, without
// apiVersion and kind.
func written[T any](m catalogue.Minor, kind string) []T {
	return project(m, kind, func(u *unstructured.Unstructured) T {
		u = u.DeepCopy()
		delete(u.Object, "apiVersion")
		delete(u.Object, "kind")
		return *typed[T](u)
	})
}

func untouchedAPIService(u *unstructured.Unstructured) facts.APIService {
	group, _, _ := unstructured.NestedInt64(u.Object, "spec", "groupPriorityMinimum")
	version, _, _ := unstructured.NestedInt64(u.Object, "spec", "versionPriority")
	return facts.APIService{
		Name: u.GetName(), Labels: u.GetLabels(),
		GroupPriorityMinimum: int32(group), VersionPriority: int32(version), Available: "True", Reason: "Local",
	}
}

func untouchedIPAddress(u *unstructured.Unstructured) facts.IPAddress {
	a := typed[networkingv1.IPAddress](u)
	parent := a.Spec.ParentRef
	return facts.IPAddress{
		Name: a.Name, Parent: parent.Resource + "/" + parent.Namespace + "/" + parent.Name,
		Managed: a.Labels[networkingv1.LabelManagedBy] == ipAllocator,
	}
}

func untouchedService(u *unstructured.Unstructured) facts.Service {
	s := typed[corev1.Service](u)
	return facts.Service{Namespace: s.Namespace, Name: s.Name, Type: string(s.Spec.Type), ClusterIPs: []string{s.Spec.ClusterIP}}
}

func untouchedConfigMap(u *unstructured.Unstructured) facts.ConfigMap {
	data := typed[corev1.ConfigMap](u).Data
	if _, ok := data["client-ca-file"]; !ok {
		data = map[string]string{"since": "2020-01-01"}
	}
	return facts.ConfigMap{Name: u.GetName(), Data: data, Labels: map[string]string{}, Annotations: map[string]string{}}
}
