package lifeline

import (
	"maps"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/gke-preflight/gke-preflight/preflight/bootstrap"
)

// A target is what a write goes to.
type target struct {
	resource    schema.GroupVersionResource
	subresource string
	kind        schema.GroupVersionKind
}

func to(group, version, resource, kind string) target {
	gv := schema.GroupVersion{Group: group, Version: version}
	return target{resource: gv.WithResource(resource), kind: gv.WithKind(kind)}
}

// sub is a subresource of t whose objects are of t's own kind.
func (t target) sub(name string) target {
	t.subresource = name
	return t
}

// as is t with objects of another kind.
func (t target) as(group, version, kind string) target {
	t.kind = schema.GroupVersionKind{Group: group, Version: version, Kind: kind}
	return t
}

var (
	lease       = to("coordination.k8s.io", "v1", "leases", "Lease")
	node        = to("", "v1", "nodes", "Node")
	pod         = to("", "v1", "pods", "Pod")
	endpoints   = to("", "v1", "endpoints", "Endpoints")
	slice       = to("discovery.k8s.io", "v1", "endpointslices", "EndpointSlice")
	request     = to("certificates.k8s.io", "v1", "certificatesigningrequests", "CertificateSigningRequest")
	bundle      = to("certificates.k8s.io", "v1", "clustertrustbundles", "ClusterTrustBundle")
	binding     = pod.sub("binding").as("", "v1", "Binding")
	token       = to("", "v1", "serviceaccounts", "ServiceAccount").sub("token").as("authentication.k8s.io", "v1", "TokenRequest")
	tokenReview = to("authentication.k8s.io", "v1", "tokenreviews", "TokenReview")
	evict       = pod.sub("eviction").as("policy", "v1", "Eviction")
	csiNode     = to("storage.k8s.io", "v1", "csinodes", "CSINode")
	attachment  = to("storage.k8s.io", "v1", "volumeattachments", "VolumeAttachment")
	persistent  = to("", "v1", "persistentvolumes", "PersistentVolume")
	claim       = to("", "v1", "persistentvolumeclaims", "PersistentVolumeClaim")
	budget      = to("policy", "v1", "poddisruptionbudgets", "PodDisruptionBudget")
	definition  = to("apiextensions.k8s.io", "v1", "customresourcedefinitions", "CustomResourceDefinition")
	access      = to("authorization.k8s.io", "v1", "subjectaccessreviews", "SubjectAccessReview")
)

// An object is what an example is about. Fields are those beside metadata.
type object struct {
	namespace, name string
	labels          map[string]string
	fields          map[string]any
	// known says how far labels are known; see [bootstrap.Labels].
	known bootstrap.Labels
}

// varying is o with labels that each such object has, with another value.
func (o object) varying(labels map[string]string) object {
	all := maps.Clone(o.labels)
	if all == nil {
		all = map[string]string{}
	}
	for _, k := range slices.Sorted(maps.Keys(labels)) {
		if _, known := all[k]; !known {
			all[k] = labels[k]
			o.known.Varying = append(slices.Clip(o.known.Varying), k)
		}
	}
	o.labels = all
	return o
}

// bare is o where those that make it give it no label.
func (o object) bare() object {
	o.known.Complete = true
	return o
}

func (o object) of(kind schema.GroupVersionKind) *unstructured.Unstructured {
	u := &unstructured.Unstructured{Object: map[string]any{}}
	for k, v := range o.fields {
		u.Object[k] = v
	}
	u.SetGroupVersionKind(kind)
	u.SetNamespace(o.namespace)
	u.SetName(o.name)
	if o.labels != nil {
		u.SetLabels(o.labels)
	}
	return u
}

// sketch is a write whose object holds no more than o says.
func sketch(op bootstrap.Operation, t target, o object, by bootstrap.User) bootstrap.Write {
	w := whole(op, t, o, by)
	w.Sketch, w.Labels = true, o.known
	return w
}

// from is w with the objects that it stands for.
func from(w bootstrap.Write, sources ...bootstrap.Source) bootstrap.Write {
	w.From = sources
	return w
}

// removal is a DELETE of a sketched object.
func removal(t target, o object, by bootstrap.User) bootstrap.Write {
	w := sketch(bootstrap.Delete, t, o, by)
	w.Object, w.OldObject = nil, w.Object
	return w
}

// whole is a write whose object is as the client sends it.
func whole(op bootstrap.Operation, t target, o object, by bootstrap.User) bootstrap.Write {
	w := bootstrap.Write{
		Operation: op, Resource: t.resource, Subresource: t.subresource, Kind: t.kind,
		Namespace: o.namespace, Name: o.name, User: by, Object: o.of(t.kind),
	}
	if op == bootstrap.Update {
		w.OldObject = o.of(t.kind)
	}
	return w
}

// update is a whole write that makes o of old.
func update(t target, old, o object, by bootstrap.User) bootstrap.Write {
	w := whole(bootstrap.Update, t, o, by)
	w.OldObject = old.of(t.kind)
	return w
}
