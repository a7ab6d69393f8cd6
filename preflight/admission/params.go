package admission

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	utiljson "k8s.io/apimachinery/pkg/util/json"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/tools/cache"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// params are the objects of one paramKind. They implement the informer and the
// lister that the API server's policy packages take.
type params struct {
	cache.SharedIndexInformer
	resource schema.GroupResource
	scope    meta.RESTScope
	// objects are sorted by namespace and name, so that the first policy error
	// is the same at every run; the API server takes them in any order.
	objects []*unstructured.Unstructured
	// notServed is the API server's own error for a kind that it does not serve.
	notServed error
	// kept is what of the objects is held; nil if they are whole.
	kept ParamReads
	// unread says why the objects are not known; empty if they are.
	unread string
}

func paramsOf(s *facts.Snapshot) map[admissionregistrationv1.ParamKind]*params {
	kinds, _ := facts.PolicyParams.Get(s)
	all := map[admissionregistrationv1.ParamKind]*params{}
	for _, k := range kinds {
		all[admissionregistrationv1.ParamKind{APIVersion: k.APIVersion, Kind: k.Kind}] = newParams(k)
	}
	return all
}

func newParams(k facts.ParamKind) *params {
	gvk := schema.FromAPIVersionAndKind(k.APIVersion, k.Kind)
	p := &params{resource: schema.GroupResource{Group: gvk.Group, Resource: k.Resource}, scope: meta.RESTScopeRoot}
	if k.Reads != nil {
		p.kept = append(ParamReads{}, readParamsOf(k.Reads)...)
	}
	if k.Namespaced {
		p.scope = meta.RESTScopeNamespace
	}
	switch {
	case k.Absence != (facts.Absence{}):
		p.unread = k.Absence.String()
		return p
	case k.Resource == "":
		p.notServed = fmt.Errorf("failed to find resource referenced by paramKind: '%v'", gvk)
		return p
	}
	for _, o := range k.Objects {
		u, err := normal(o)
		if err != nil {
			p.unread = fmt.Sprintf("an object of it is not valid JSON: %v", err)
			return p
		}
		// Without it the API server's plugin would add it, to the shared object.
		u.SetGroupVersionKind(gvk)
		p.objects = append(p.objects, u)
	}
	slices.SortFunc(p.objects, func(a, b *unstructured.Unstructured) int {
		return cmp.Or(cmp.Compare(a.GetNamespace(), b.GetNamespace()), cmp.Compare(a.GetName(), b.GetName()))
	})
	return p
}

// normal returns a copy of o whose whole numbers are int64, as the API server
// has them and not as a recording is read.
func normal(o map[string]any) (*unstructured.Unstructured, error) {
	b, err := json.Marshal(o)
	if err != nil {
		return nil, err
	}
	u := &unstructured.Unstructured{}
	return u, utiljson.Unmarshal(b, &u.Object)
}

var _ informers.GenericInformer = (*params)(nil)

// Informer implements informers.GenericInformer.
func (p *params) Informer() cache.SharedIndexInformer { return p }

// HasSynced implements cache.SharedIndexInformer; nothing else of it is used.
func (p *params) HasSynced() bool { return true }

// Lister implements informers.GenericInformer.
func (p *params) Lister() cache.GenericLister { return paramLister{p, ""} }

// paramLister lists the params of one namespace, or all if it is empty.
type paramLister struct {
	*params
	namespace string
}

// ByNamespace implements cache.GenericLister.
func (l paramLister) ByNamespace(namespace string) cache.GenericNamespaceLister {
	return paramLister{l.params, namespace}
}

// List implements cache.GenericLister.
func (l paramLister) List(selector labels.Selector) ([]runtime.Object, error) {
	var found []runtime.Object
	for _, o := range l.objects {
		if (l.namespace == "" || o.GetNamespace() == l.namespace) && selector.Matches(labels.Set(o.GetLabels())) {
			found = append(found, o)
		}
	}
	return found, nil
}

// Get implements cache.GenericLister.
func (l paramLister) Get(name string) (runtime.Object, error) {
	for _, o := range l.objects {
		if o.GetNamespace() == l.namespace && o.GetName() == name {
			return o, nil
		}
	}
	return nil, apierrors.NewNotFound(l.resource, name)
}
