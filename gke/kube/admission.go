package kube

import (
	"context"
	"slices"

	admission "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

type (
	validatingWebhooks = []admission.ValidatingWebhookConfiguration
	mutatingWebhooks   = []admission.MutatingWebhookConfiguration
	validatingPolicies = []admission.ValidatingAdmissionPolicy
	validatingBindings = []admission.ValidatingAdmissionPolicyBinding
	mutatingPolicies   = []admission.MutatingAdmissionPolicy
	mutatingBindings   = []admission.MutatingAdmissionPolicyBinding
)

func admissionKind(resource string) schema.GroupResource {
	return schema.GroupResource{Group: admission.GroupName, Resource: resource}
}

func readValidatingWebhooks(ctx context.Context, c *cluster) (validatingWebhooks, error) {
	query := c.typed.AdmissionregistrationV1().ValidatingWebhookConfigurations().List
	return listKind(ctx, c, admissionKind("validatingwebhookconfigurations"), query, managed[admission.ValidatingWebhookConfiguration]())
}

func readMutatingWebhooks(ctx context.Context, c *cluster) (mutatingWebhooks, error) {
	query := c.typed.AdmissionregistrationV1().MutatingWebhookConfigurations().List
	return listKind(ctx, c, admissionKind("mutatingwebhookconfigurations"), query, managed[admission.MutatingWebhookConfiguration]())
}

func readValidatingPolicies(ctx context.Context, c *cluster) (validatingPolicies, error) {
	query := c.typed.AdmissionregistrationV1().ValidatingAdmissionPolicies().List
	trimmed := managed[admission.ValidatingAdmissionPolicy]()
	return listKind(ctx, c, admissionKind("validatingadmissionpolicies"), query, func(p *admission.ValidatingAdmissionPolicy) (admission.ValidatingAdmissionPolicy, bool) {
		p.Status = admission.ValidatingAdmissionPolicyStatus{}
		return trimmed(p)
	})
}

func readValidatingBindings(ctx context.Context, c *cluster) (validatingBindings, error) {
	query := c.typed.AdmissionregistrationV1().ValidatingAdmissionPolicyBindings().List
	return listKind(ctx, c, admissionKind("validatingadmissionpolicybindings"), query, whole[admission.ValidatingAdmissionPolicyBinding]())
}

func readMutatingPolicies(ctx context.Context, c *cluster) (mutatingPolicies, error) {
	query := c.typed.AdmissionregistrationV1().MutatingAdmissionPolicies().List
	return listKind(ctx, c, admissionKind("mutatingadmissionpolicies"), query, managed[admission.MutatingAdmissionPolicy]())
}

func readMutatingBindings(ctx context.Context, c *cluster) (mutatingBindings, error) {
	query := c.typed.AdmissionregistrationV1().MutatingAdmissionPolicyBindings().List
	return listKind(ctx, c, admissionKind("mutatingadmissionpolicybindings"), query, whole[admission.MutatingAdmissionPolicyBinding]())
}

// systemNamespaces are those that an API server makes and writes to (kubernetes
// pkg/controlplane/instance.go).
var systemNamespaces = [...]string{metav1.NamespaceDefault, metav1.NamespacePublic, metav1.NamespaceSystem, corev1.NamespaceNodeLease}

func namespaces(_ context.Context, c *cluster) ([]facts.Namespace, error) {
	read, err := c.namespaces()
	return read.all, err
}

// namespacesRead are the namespaces, and by name whether GKE marks one as its own.
type namespacesRead struct {
	all []facts.Namespace
	gke map[string]bool
}

func readNamespaces(ctx context.Context, c *cluster) (namespacesRead, error) {
	read := namespacesRead{gke: map[string]bool{}}
	all, err := list(ctx, c.reader, c.typed.CoreV1().Namespaces().List, metav1.ListOptions{}, func(n *corev1.Namespace) (facts.Namespace, bool) {
		read.gke[n.Name] = marked(n)
		out := facts.Namespace{Name: n.Name, Labels: n.Labels, Terminating: n.DeletionTimestamp != nil}
		if slices.Contains(systemNamespaces[:], n.Name) {
			out.Annotations = annotations(n)
		}
		return out, true
	})
	read.all = all
	return read, err
}
