package facts

import (
	"slices"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
)

const admissionGroup = "admissionregistration.k8s.io"

// Objects of upstream types are kept without managed fields, owner references
// and annotations; of webhook configurations and policies the names of the field
// managers stay. A kind that the API server does not serve has an empty list:
// there is certainly none.
var (
	// ValidatingWebhooks are all ValidatingWebhookConfigurations, by name.
	ValidatingWebhooks = kubernetes[[]admissionregistrationv1.ValidatingWebhookConfiguration]("validating-webhooks", list(admissionGroup, "validatingwebhookconfigurations"))

	// MutatingWebhooks are all MutatingWebhookConfigurations, by name.
	MutatingWebhooks = kubernetes[[]admissionregistrationv1.MutatingWebhookConfiguration]("mutating-webhooks", list(admissionGroup, "mutatingwebhookconfigurations"))

	// ValidatingPolicies are all ValidatingAdmissionPolicies, by name.
	ValidatingPolicies = kubernetes[[]admissionregistrationv1.ValidatingAdmissionPolicy]("validating-policies", list(admissionGroup, "validatingadmissionpolicies"))

	// ValidatingPolicyBindings are all ValidatingAdmissionPolicyBindings, by name.
	ValidatingPolicyBindings = kubernetes[[]admissionregistrationv1.ValidatingAdmissionPolicyBinding]("validating-policy-bindings", list(admissionGroup, "validatingadmissionpolicybindings"))

	// MutatingPolicies are all MutatingAdmissionPolicies of the newest version served, by name.
	MutatingPolicies = kubernetes[[]admissionregistrationv1.MutatingAdmissionPolicy]("mutating-policies", list(admissionGroup, "mutatingadmissionpolicies"))

	// MutatingPolicyBindings are all MutatingAdmissionPolicyBindings of the newest version served, by name.
	MutatingPolicyBindings = kubernetes[[]admissionregistrationv1.MutatingAdmissionPolicyBinding]("mutating-policy-bindings", list(admissionGroup, "mutatingadmissionpolicybindings"))

	// PolicyParams are, of every kind that a policy names as its paramKind, the
	// objects that a binding of such a policy refers to. Reading them needs list
	// on those kinds; each kind tells of itself.
	PolicyParams = kubernetes[[]ParamKind]("policy-params")

	// Namespaces are all namespaces, by name, kube-system among them: each API server makes
	// it at its start.
	Namespaces = kubernetes[[]Namespace]("namespaces", list("", "namespaces")).with(func(all []Namespace) bool {
		return slices.ContainsFunc(all, func(n Namespace) bool { return n.Name == "kube-system" })
	})
)

// ParamKind holds the objects of a kind that policies take parameters from.
type ParamKind struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	// Resource is the plural name; empty if the kind is not served.
	Resource   string `json:"resource,omitempty"`
	Namespaced bool   `json:"namespaced,omitempty"`
	// Absence says why Objects could not be read; zero if they were. Secrets are
	// never read.
	Absence Absence `json:"absence,omitzero"`
	// Objects are the objects with what identifies them and what policies read of them.
	Objects []map[string]any `json:"objects,omitempty"`
	// Reads are JSON Pointers to what policies read, and what of Objects is held; the
	// empty one stands for all of it. In recordings of earlier versions it is nil, and
	// the objects are whole.
	Reads []string `json:"reads"`
}

// Namespace is a namespace as selectors see it.
type Namespace struct {
	Name        string            `json:"name"`
	Labels      map[string]string `json:"labels,omitempty"`
	Terminating bool              `json:"terminating,omitempty"`
	// Annotations are those of a namespace that API servers themselves write to, but for
	// what kubectl has applied last; nil of any other, and in recordings of earlier
	// versions.
	Annotations map[string]string `json:"annotations,omitzero"`
	// Example says that it was made up, and stands for any that there may be by other
	// names. It is in no recording.
	Example bool `json:"-"`
}
