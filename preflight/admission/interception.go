package admission

import (
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// A Kind is the kind of object that an interception comes from.
type Kind string

// The kinds that intercept writes, in the order in which the API server runs
// them (kubernetes pkg/kubeapiserver/options/plugins.go, AllOrderedPlugins).
const (
	MutatingPolicy    Kind = "MutatingAdmissionPolicy"
	MutatingWebhook   Kind = "MutatingWebhookConfiguration"
	ValidatingPolicy  Kind = "ValidatingAdmissionPolicy"
	ValidatingWebhook Kind = "ValidatingWebhookConfiguration"
)

// An Interception is one webhook or policy binding that a write passes.
type Interception struct {
	Kind Kind
	// Name is the configuration's or the policy's, Webhook the webhook's within
	// its configuration or, for a policy, the binding's.
	Name, Webhook string
	// Fails says that failurePolicy is Fail: what can't be called or evaluated rejects.
	Fails bool
	// Timeout is the webhook's timeoutSeconds; zero for a policy.
	Timeout time.Duration
	// Backend is who is called; zero for a policy.
	Backend Backend
	// DryRunnable says that the declared sideEffects allow a dry-run call.
	DryRunnable bool
	// Denial is why the write is rejected in the API server itself, without a
	// call: a policy denies, or a matchCondition fails to evaluate and
	// failurePolicy is Fail. It is the API server's message. Empty if it isn't.
	Denial string
	// Undecided is why it can't be told from the snapshot whether the write is
	// intercepted or what a policy says to it; empty if it can.
	Undecided string
	// AtStart is why a replica that has just started may reject the write although
	// one that runs does not; such a rejection ends after [LearnsKindsWithin].
	// Empty if it doesn't.
	AtStart string
	// ParamKind is the kind that a policy takes its parameters from, with its
	// apiVersion; empty for one that takes none, and for a webhook.
	ParamKind string
	// Mutates says that a policy would change the object.
	Mutates bool
	// Reinvoked says that a mutating webhook may be called a second time for the
	// same write: its reinvocationPolicy is IfNeeded, and something that runs
	// after it may change the object. It is called again only if that happens,
	// which for a webhook is known only from its answer. False for a policy.
	Reinvoked bool
	// Unseen says that the object may be another than it is taken for, as what may change
	// it before could not be read; empty if all of that was read. Who judges by the object
	// may then judge otherwise.
	Unseen string
	// UserDependent says that who writes may decide: a matchCondition or an
	// expression of the policy reads the user or asks the authorizer. For
	// another user the same write may go another way.
	UserDependent bool

	// Resource and ObjectKind are what a webhook is told that the write is
	// about: another version than the write's own where only that matched
	// (matchPolicy Equivalent). Zero for a policy.
	Resource   schema.GroupVersionResource
	ObjectKind schema.GroupVersionKind
	// Object and OldObject are what a webhook is shown: the write's, in the
	// version of ObjectKind and with the changes of mutating policies, but
	// without those of earlier webhooks. Nil where the write has none, and for a
	// policy. They may not be changed.
	Object, OldObject *unstructured.Unstructured
	// ReviewVersions are the versions of AdmissionReview that a webhook takes,
	// the preferred first. The API server uses the first of v1 and v1beta1; with
	// neither in the list every call fails.
	ReviewVersions []string
}
