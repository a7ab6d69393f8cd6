// Package bootstrap knows what a kube-apiserver writes while it starts, and
// works out which of those writes a given version would make on a given cluster.
package bootstrap

import (
	"cmp"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// A User is the identity that a write is made with.
type User struct {
	Name   string   `json:"name"`
	Groups []string `json:"groups,omitempty"`
	// Unknown says that Name is no more than words for who it is.
	Unknown bool `json:"unknown,omitempty"`
}

// Loopback is the identity of every write that a starting kube-apiserver makes
// (k8s.io/apiserver pkg/server/config.go, AuthorizeClientBearerToken).
var Loopback = User{Name: "system:apiserver", Groups: []string{"system:authenticated", "system:masters"}}

// An Operation is an admission operation.
type Operation string

// The operations that start-up writes use. A PATCH is an UPDATE.
const (
	Create Operation = "CREATE"
	Update Operation = "UPDATE"
	Delete Operation = "DELETE"
)

// A Write is one request that the new replica would send, as admission sees it.
type Write struct {
	// Hook names the PostStartHook that makes it.
	Hook        string
	Operation   Operation
	Resource    schema.GroupVersionResource
	Subresource string
	Kind        schema.GroupVersionKind
	// Namespace is empty for a cluster-scoped resource.
	Namespace string
	Name      string
	User      User
	// Object is what is written, nil for a DELETE; OldObject what is there now, as
	// far as facts hold it, nil for a CREATE. Object is as mutating admission gets
	// it: with the target's defaults, and without what the API server fills in
	// before validating admission, such as the uid. Neither may be changed.
	Object, OldObject *unstructured.Unstructured
	// Condition says when the write happens, if that can't be seen from outside;
	// empty if it certainly happens.
	Condition string
	// EveryStart says that any start writes it, whatever the version.
	EveryStart bool
	// Background says that the write is made after the hook has let the replica
	// get ready, so that it can't hold the replica up.
	Background bool
	// Optional says that the hook goes on without the write: it waits for it, but
	// only logs that it failed.
	Optional bool
	// NewKind says that the running version does not serve the kind. It is false
	// where the api-resources are absent.
	NewKind bool
	// Sketch says that Object and OldObject hold no more than identifies them, and
	// some labels: the write stands for many like it. Of start-up writes only those of best effort
	// are.
	Sketch bool
	// Labels says how far the labels of a sketch are known; zero where no more is
	// known than that each such object has those of Object.
	Labels Labels
	// Unnamed says that a sketched CustomResourceDefinition is one that is not there yet: its
	// name and its group are examples, of those of Google and Kubernetes.
	Unnamed bool
	// Running says that an API server makes it that has started long ago; false for what a
	// start writes, and for what others do.
	Running bool
	// LabelsUnknown says that a whole object is without its labels, which were not
	// recorded.
	LabelsUnknown bool
	// From are the objects of the cluster that a sketch stands for, the example first;
	// none where it stands for no object that can be read.
	From []Source
	// Namespaces are those whose like writes a sketch stands for, its own among them; none
	// for what stands for no other namespace's.
	Namespaces []string
	// Pools are the node pools that the pods of those like writes are on, sorted: no other's
	// upgrade needs them. None for what the upgrade of any may need, and where it was not
	// seen which pools the pods are on.
	Pools []string
	// For is the sketch in whose place the write is asked about, made from an object that
	// was read for it; nil for any other write. Shown says in words what it was made from.
	For   *Write
	Shown string
	// Unread says why a sketch is asked about as it is, though there may be an object that
	// it stands for; empty where there is none, and for what is no sketch.
	Unread string
}

// A Source is an object of the cluster that a write can be made from.
type Source struct {
	Resource schema.GroupVersionResource
	// Namespace is empty for a cluster-scoped resource.
	Namespace string
	// Name is empty where any object of the kind will do.
	Name string
	// OneOf says that the sketch stands for more of the kind than it has sources of.
	OneOf bool
	// Maker is what has the template that the object was made from; zero for none. It is
	// in the same namespace.
	Maker     schema.GroupVersionResource
	MakerName string
}

// Planned is the write as it was planned: the sketch in whose place w is asked about, or
// else w itself.
func (w Write) Planned() Write {
	if w.For != nil {
		return *w.For
	}
	return w
}

// Writer is the name of the user that makes the write, the API server's own where none is
// set.
func (w Write) Writer() string { return cmp.Or(w.User.Name, Loopback.Name) }

// AtStart reports whether an API server makes it that starts.
func (w Write) AtStart() bool { return w.Writer() == Loopback.Name && !w.Running }

// AskedAs reports whether a question was put as made by the write's own user.
func (w Write) AskedAs(a facts.Attempt) bool { return cmp.Or(a.As, Loopback.Name) == w.Writer() }

// Labels says how far those of a [Write.Sketch] are known.
type Labels struct {
	// Varying are keys that each such object has, with another value than Object,
	// which has one for an example.
	Varying []string
	// Complete says that there are no others than those of Object.
	Complete bool
}

// Key identifies the write within its plan, such as
// "CREATE clusterroles.rbac.authorization.k8s.io system:node".
func (w Write) Key() string {
	name := w.Name
	if w.Namespace != "" {
		name = w.Namespace + "/" + name
	}
	return fmt.Sprintf("%s %s %s", w.Operation, w.ResourceName(), name)
}

// ResourceName is the resource with its group and subresource, such as
// clusterroles.rbac.authorization.k8s.io or flowschemas.flowcontrol.apiserver.k8s.io/status.
func (w Write) ResourceName() string {
	s := w.Resource.GroupResource().String()
	if w.Subresource != "" {
		s += "/" + w.Subresource
	}
	return s
}

// A Failing says what a hook does while a write that it needs fails.
type Failing string

const (
	// ExitAtOnce: the process ends at the first failure (scheduling/bootstrap-system-priority-classes).
	ExitAtOnce Failing = "exit-at-once"
	// ExitAfterPasses: whole passes over all writes are repeated until one ends
	// after the deadline, then once more; then the process ends (rbac/bootstrap-roles).
	ExitAfterPasses Failing = "exit-after-passes"
	// ExitAtDeadline: the process ends when the deadline passes (service IP repair, API Priority and Fairness).
	ExitAtDeadline Failing = "exit-at-deadline"
	// NeverReady: a health check stays red, the process runs on (autoregister-completion).
	NeverReady Failing = "never-ready"
	// Retry: the write is retried in the background and the replica gets ready without it.
	Retry Failing = "retry"
)

// A Hook is a PostStartHook, or a health check that start-up writes gate, and
// what no audit log can tell of it.
type Hook struct {
	Name string
	// Failing is what happens while a write fails.
	Failing Failing
	// Deadline bounds the hook's work; zero for none.
	Deadline time.Duration
	// Interval is the pause between tries; zero if it tries once.
	Interval time.Duration
	// Blocks says that the replica is not ready before the hook's writes are
	// done or have failed; a write that takes long then delays readiness.
	Blocks bool
	// WaitsFor names the hook whose writes must be done before this one begins
	// with its own, while its deadline runs; empty for none.
	WaitsFor string
	// WriteTimeout bounds a single write on the client's side; zero if only the
	// server's 34 s do.
	WriteTimeout time.Duration
	// Source is the upstream file and function.
	Source string
}

// Fatal reports whether the hook ends the process when it fails.
func (h Hook) Fatal() bool {
	return h.Failing == ExitAtOnce || h.Failing == ExitAfterPasses || h.Failing == ExitAtDeadline
}

// A Plan is what a version would write on a cluster.
type Plan struct {
	// Target is the minor whose catalogue the plan is made from, such as 1.36.
	Target string
	// Hooks are all hooks of that minor that write anything, in catalogue order.
	Hooks []Hook
	// Writes are ordered hook by hook, and within a hook by kind as the hook makes
	// them. Those of one kind are by name.
	Writes []Write
	// BestEffort are writes that nobody waits for and nobody makes twice: Events, in
	// which hooks tell of what they found. Where one is rejected, nothing follows.
	BestEffort []Write
	// Unknown are the hooks whose writes could not be worked out.
	Unknown []Unknown
	// Problem says why there is no plan, such as a version that the catalogue
	// doesn't hold; empty if there is one. Where there are hooks all the same, they
	// are what is known of a minor that is newer than the catalogue.
	Problem string
}

// Unknown is a hook whose writes, or some of them, could not be worked out.
type Unknown struct {
	Hook string
	// Reason says which fact is absent, and why.
	Reason string
}
