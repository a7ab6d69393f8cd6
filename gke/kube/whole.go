package kube

import (
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// whole projects an object of an upstream type to itself, with the metadata
// that a recording keeps: see [trim].
func whole[T any](annotations ...string) func(*T) (T, bool) {
	return func(object *T) (T, bool) {
		trim(any(object).(metav1.Object), annotations)
		any(object).(runtime.Object).GetObjectKind().SetGroupVersionKind(schema.GroupVersionKind{})
		return *object, true
	}
}

// managed is [whole] with the names of those who have set fields of the object.
func managed[T any]() func(*T) (T, bool) {
	return func(object *T) (T, bool) {
		o := any(object).(metav1.Object)
		var managers []metav1.ManagedFieldsEntry
		for _, f := range o.GetManagedFields() {
			if f.Manager == "" {
				continue
			}
			m := metav1.ManagedFieldsEntry{Manager: f.Manager}
			if !slices.Contains(managers, m) {
				managers = append(managers, m)
			}
		}
		v, ok := whole[T]()(object)
		any(&v).(metav1.Object).SetManagedFields(managers)
		return v, ok
	}
}

// trim drops managed fields, owner references and all annotations but those named.
func trim(m metav1.Object, annotations []string) {
	m.SetManagedFields(nil)
	m.SetOwnerReferences(nil)
	m.SetCreationTimestamp(metav1.Time{Time: m.GetCreationTimestamp().UTC()})
	var kept map[string]string
	for k, v := range m.GetAnnotations() {
		if slices.Contains(annotations, k) {
			if kept == nil {
				kept = map[string]string{}
			}
			kept[k] = v
		}
	}
	m.SetAnnotations(kept)
}

// annotations are those of an object but what kubectl has applied last, which repeats
// all of it; never nil.
func annotations(m metav1.Object) map[string]string {
	kept := some(maps.Clone(m.GetAnnotations()))
	delete(kept, corev1.LastAppliedConfigAnnotation)
	return kept
}

// some is m, or an empty map: that there are none was seen.
func some(m map[string]string) map[string]string {
	if m == nil {
		return map[string]string{}
	}
	return m
}

func utc(conditions []metav1.Condition) {
	for i := range conditions {
		conditions[i].LastTransitionTime.Time = conditions[i].LastTransitionTime.UTC()
	}
}
