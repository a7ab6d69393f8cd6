package admission

import (
	"cmp"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apiserver/pkg/admission"
	"k8s.io/apiserver/pkg/authentication/user"

	"github.com/gke-preflight/gke-preflight/preflight/bootstrap"
)

// loopbackUID stands for the uid of system:apiserver, which is random at every
// start: an expression that compares it with anything fails as it will then.
const loopbackUID = "00000000-0000-4000-8000-000000000000"

// request is a write as the API server's packages take it.
type request struct {
	admission.Attributes
	objects objects
	// sketch, unnamed, labels and labelsUnknown are the write's, userUnknown its user's.
	sketch        bool
	unnamed       bool
	userUnknown   bool
	labels        bootstrap.Labels
	labelsUnknown bool
	// live says that the objects were read as they are, with all that they have.
	live bool
	// changed says by whom the object was changed in a way that is not known; empty if by
	// nobody.
	changed string
	// unseen says that it may be changed by what could not be read, labels too; empty if all
	// was read that may change it.
	unseen   string
	versions map[schema.GroupVersionKind]*admission.VersionedAttributes
}

func newRequest(w bootstrap.Write, o objects) *request {
	namespace := w.Namespace
	if namespace == "" && w.Resource.Group == "" && w.Resource.Resource == "namespaces" {
		namespace = w.Name
	}
	u := &user.DefaultInfo{Name: w.User.Name, Groups: w.User.Groups}
	if u.Name == user.APIServerUser {
		u.UID = loopbackUID
	}
	attributes := admission.NewAttributesRecord(object(w.Object), object(w.OldObject), w.Kind, namespace, w.Name,
		w.Resource, w.Subresource, admission.Operation(w.Operation), options(w.Operation), false, u)
	return &request{Attributes: attributes, objects: o, sketch: w.Sketch, unnamed: w.Unnamed, userUnknown: w.User.Unknown, labels: w.Labels, labelsUnknown: w.LabelsUnknown, live: w.For != nil,
		versions: map[schema.GroupVersionKind]*admission.VersionedAttributes{}}
}

// oneOfMany reports whether others write the like of objects by other names: those that a
// sketch stands for, the leases of other nodes, and other pods that are bound.
func (r *request) oneOfMany() bool {
	resource := r.GetResource().GroupResource()
	return r.sketch || resource == leases && r.GetNamespace() == corev1.NamespaceNodeLease ||
		resource == pods && r.GetSubresource() == "binding"
}

var (
	leases = schema.GroupResource{Group: "coordination.k8s.io", Resource: "leases"}
	pods   = schema.GroupResource{Resource: "pods"}
)

// object returns u under a pointer of its own, which mutating policies may point
// to something else, and no pointer for nil.
func object(u *unstructured.Unstructured) runtime.Object {
	if u == nil {
		return nil
	}
	return &unstructured.Unstructured{Object: u.Object}
}

func options(op bootstrap.Operation) runtime.Object {
	kind := func(k string) metav1.TypeMeta { return metav1.TypeMeta{APIVersion: "meta.k8s.io/v1", Kind: k} }
	switch op {
	case bootstrap.Create:
		return &metav1.CreateOptions{TypeMeta: kind("CreateOptions")}
	case bootstrap.Delete:
		return &metav1.DeleteOptions{TypeMeta: kind("DeleteOptions")}
	case bootstrap.Update:
	}
	return &metav1.UpdateOptions{TypeMeta: kind("UpdateOptions")}
}

// AddAnnotation implements admission.Attributes: nothing is audited.
func (*request) AddAnnotation(string, string) error { return nil }

// VersionedAttribute implements the webhook plugin's VersionedAttributeAccessor.
func (r *request) VersionedAttribute(kind schema.GroupVersionKind) (*admission.VersionedAttributes, error) {
	if v, ok := r.versions[kind]; ok {
		return v, nil
	}
	v, err := admission.NewVersionedAttributes(r, kind, r.objects)
	if err == nil {
		r.versions[kind] = v
	}
	return v, err
}

// privileged reports whether the API server lets the user do anything, as its
// loopback client is (k8s.io/apiserver pkg/server/config.go, AuthorizeClientBearerToken).
func (r *request) privileged() bool {
	for _, g := range r.GetUserInfo().GetGroups() {
		if g == user.SystemPrivilegedGroup {
			return true
		}
	}
	return false
}

// bare reports whether the user is known to have no extra, and its uid is any: that of the
// loopback client is made up at each start. Others have what authenticated them: tokens of
// ServiceAccounts give a uid, and extra by what they are bound to, and client certificates
// an extra of their own (k8s.io/apiserver pkg/server/config.go,
// AuthorizeClientBearerToken; pkg/authentication/serviceaccount/util.go, UserInfo;
// pkg/authentication/request/x509/x509.go, CommonNameUserConversion).
func (r *request) bare() bool { return r.GetUserInfo().GetName() == user.APIServerUser }

// namespaced reports whether namespaceSelectors look up a namespace for the
// write. A Namespace that is created or updated is held against its own labels,
// and what has no namespace is never exempted (k8s.io/apiserver
// pkg/admission/plugin/webhook/predicates/namespace/matcher.go).
func (r *request) namespaced() bool {
	if r.GetResource().Resource == "namespaces" && r.GetSubresource() == "" {
		return r.GetOperation() == admission.Delete
	}
	return r.GetNamespace() != ""
}

// variants are what mutating policies may have made of a write: one for each
// order in which they may have run.
type variants []*request

// see returns what f finds, and undecided where that hangs on the order.
func (vs variants) see(f func(*request) (Interception, bool)) (Interception, bool) {
	return vs.each(func(n int) (Interception, bool) { return f(vs[n]) })
}

func (vs variants) each(f func(n int) (Interception, bool)) (Interception, bool) {
	i, ok := f(0)
	for n := range vs[1:] {
		j, also := f(n + 1)
		if ok == also && (i.Denial == "") == (j.Denial == "") && (i.Undecided == "") == (j.Undecided == "") {
			continue
		}
		if !ok {
			i, ok = j, true
		}
		i.Denial, i.Undecided = "", cmp.Or(i.Undecided, j.Undecided,
			"it depends on which mutating policy runs first, and the API server runs them in no fixed order")
	}
	return i, ok
}
