// Package admission tells which webhooks and policies see a write, in which
// order, and what the policies say to it, by the API server's own packages.
package admission

import "time"

// A Kind is the kind of object that an interception comes from.
type Kind string

// The kinds that intercept writes, in the order in which the API server runs them.
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
	// failurePolicy is Fail. Empty if it isn't.
	Denial string
	// Undecided is why it can't be told from the snapshot whether the write is
	// intercepted or what a policy says to it; empty if it can.
	Undecided string
	// Mutates says that a policy would change the object.
	Mutates bool
}

// A Backend is a webhook's clientConfig.
type Backend struct {
	// URL is empty for a Service backend, and the rest is for a URL.
	URL             string
	Namespace, Name string
	Port            int32
	// Path begins with a slash; it is "/" where none is given.
	Path string
	// CABundle is PEM, as in the object; empty means the system's roots.
	CABundle []byte
}
