package admission

import (
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured/unstructuredscheme"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// objects implements admission.ObjectInterfaces for unstructured objects.
//
// It converts between versions of a kind by changing apiVersion alone. That is
// exact for the kinds that start-up writes, whose served versions have equal
// fields, but not for every kind: core and events.k8s.io events differ.
type objects struct {
	runtime.ObjectCreater
	runtime.ObjectTyper
	equivalents runtime.EquivalentResourceRegistry
	// absence says why the served kinds could not be read; empty if they were.
	absence string
}

func objectsOf(s *facts.Snapshot) objects {
	o := objects{
		ObjectCreater: unstructuredscheme.NewUnstructuredCreator(),
		ObjectTyper:   unstructuredscheme.NewUnstructuredObjectTyper(),
		equivalents:   runtime.NewEquivalentResourceRegistryWithIdentity(storage),
	}
	if a, absent := s.Absence(facts.APIResources); absent {
		o.absence = a.String()
		return o
	}
	for _, r := range facts.APIResources.Of(s) {
		resource, subresource, _ := strings.Cut(r.Resource, "/")
		gv := schema.GroupVersion{Group: r.Group, Version: r.Version}
		o.equivalents.RegisterKindFor(gv.WithResource(resource), subresource, gv.WithKind(r.Kind))
	}
	return o
}

// storage returns what resources that are stored in the same place have in
// common, empty for one that shares its place with its own other versions alone
// (kubernetes pkg/kubeapiserver/default_storage_factory_builder.go: events).
func storage(r schema.GroupResource) string {
	if r.Resource == "events" && (r.Group == "" || r.Group == "events.k8s.io") {
		return "events"
	}
	return ""
}

// GetObjectCreater implements admission.ObjectInterfaces.
func (o objects) GetObjectCreater() runtime.ObjectCreater { return o }

// GetObjectTyper implements admission.ObjectInterfaces.
func (o objects) GetObjectTyper() runtime.ObjectTyper { return o }

// GetObjectDefaulter implements admission.ObjectInterfaces.
func (o objects) GetObjectDefaulter() runtime.ObjectDefaulter { return o }

// GetObjectConvertor implements admission.ObjectInterfaces.
func (o objects) GetObjectConvertor() runtime.ObjectConvertor { return o }

// GetEquivalentResourceMapper implements admission.ObjectInterfaces.
func (o objects) GetEquivalentResourceMapper() runtime.EquivalentResourceMapper {
	return o.equivalents
}

// Default implements runtime.ObjectDefaulter. What a mutating policy leaves out stays out.
func (objects) Default(runtime.Object) {}

// Convert implements runtime.ObjectConvertor: out becomes a copy of in that
// keeps its own apiVersion and kind.
func (objects) Convert(in, out, _ any) error {
	from, ok := in.(*unstructured.Unstructured)
	to, ok2 := out.(*unstructured.Unstructured)
	if !ok || !ok2 {
		return fmt.Errorf("can't convert %T to %T", in, out)
	}
	gvk := to.GroupVersionKind()
	to.Object = runtime.DeepCopyJSON(from.Object)
	to.SetGroupVersionKind(gvk)
	return nil
}

// ConvertToVersion implements runtime.ObjectConvertor; admission does not use it for unstructured objects.
func (objects) ConvertToVersion(in runtime.Object, _ runtime.GroupVersioner) (runtime.Object, error) {
	return nil, fmt.Errorf("can't convert %T", in)
}

// ConvertFieldLabel implements runtime.ObjectConvertor; admission does not use it.
func (objects) ConvertFieldLabel(_ schema.GroupVersionKind, label, value string) (string, string, error) {
	return label, value, nil
}
