package manifest

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/gke-preflight/gke-preflight/preflight/bootstrap"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/version"
)

// An adder adds objects to a snapshot, one after the other.
type adder struct {
	s     *facts.Snapshot
	whole bool
	// found are the configurations, policies and bindings, also those that are not
	// served; names those of them that are judged.
	found, names []Name
	// pointers say what the manifest at hand leads to that is not in it.
	pointers []string
	notes    []string
	unseen   bool
	err      error
}

func (a *adder) note(format string, args ...any) {
	if n := fmt.Sprintf(format, args...); !slices.Contains(a.notes, n) {
		a.notes = append(a.notes, n)
	}
}

// object adds a configuration, policy or binding. Of anything else it notes what
// software would register.
func (a *adder) object(o object) error {
	if !o.admission() {
		a.pointer(o)
		return nil
	}
	switch o.Kind {
	case "ValidatingWebhookConfiguration":
		return put(a, facts.ValidatingWebhooks, o, validateValidatingWebhooks)
	case "MutatingWebhookConfiguration":
		return put(a, facts.MutatingWebhooks, o, validateMutatingWebhooks)
	case "ValidatingAdmissionPolicy":
		return put(a, facts.ValidatingPolicies, o, validateValidatingPolicy)
	case "ValidatingAdmissionPolicyBinding":
		return put(a, facts.ValidatingPolicyBindings, o, validateValidatingBinding)
	case "MutatingAdmissionPolicy":
		return put(a, facts.MutatingPolicies, o, validateMutatingPolicy)
	case "MutatingAdmissionPolicyBinding":
		return put(a, facts.MutatingPolicyBindings, o, validateMutatingBinding)
	}
	return fmt.Errorf("%s: kind %s of %s is not known to this version of gke-preflight", o.where, o.Kind, o.APIVersion)
}

// put reads the object as a T and puts it in its place by name. Policies of alpha
// and beta versions have the fields of v1.
func put[T any](a *adder, k facts.Key[[]T], o object, validate func(*validator, *T) field.ErrorList) error {
	if err := readable(a.s, k); err != nil {
		return fmt.Errorf("%s: %w", o.where, err)
	}
	served, err := a.served(o)
	if err != nil {
		return err
	}
	value, err := strict[T](o)
	if err != nil {
		return err
	}
	if object := any(value).(metav1.Object); object.GetName() == "" && object.GetGenerateName() != "" {
		object.SetName(object.GetGenerateName() + "x")
	}
	if errs := validate(newValidator(a.s), value); len(errs) > 0 {
		return fmt.Errorf("%s: %s: the API server would refuse it: %w%s", o.where, o.head, errs.ToAggregate(), hint(o.json))
	}
	name := Name{o.Kind, o.name()}
	if slices.Contains(a.found, name) {
		a.note("%s stands twice: the last one counts", name)
	}
	a.found = append(a.found, name)
	if !served {
		return nil
	}
	any(value).(metav1.Object).SetName(name.Name)
	live, _ := k.Get(a.s)
	all := slices.DeleteFunc(slices.Clone(live), func(v T) bool { return nameOf(&v) == name.Name })
	all = append(all, *value)
	slices.SortFunc(all, func(x, y T) int { return cmp.Compare(nameOf(&x), nameOf(&y)) })
	a.s = a.s.With(facts.Present(k, all))
	if !slices.Contains(a.names, name) {
		a.names = append(a.names, name)
	}
	return nil
}

func nameOf(object any) string { return object.(metav1.Object).GetName() }

// readable says that nothing can be added to what was not read; nil if it was.
func readable(s *facts.Snapshot, f facts.Fact) error {
	if a, absent := s.Absence(f); absent && a.Reason != facts.NotCollected {
		return fmt.Errorf("can't be added to what was not read: %s (%s)", f.ID(), a)
	}
	return nil
}

// served reports whether the kind is served before or after the upgrade, and notes
// where the version is not. An object of a kind that neither serves can't be
// there; one of a version that neither serves is judged as it is in v1.
func (a *adder) served(o object) (bool, error) {
	webhooks := o.Kind == "ValidatingWebhookConfiguration" || o.Kind == "MutatingWebhookConfiguration"
	if webhooks && o.version() != "v1" {
		return false, fmt.Errorf("%s: %s: apiVersion: %s is not served, by no Kubernetes since 1.22: write it as %s", o.where, o.head, o.APIVersion, admissionregistrationv1.SchemeGroupVersion)
	}
	if !slices.Contains([]string{"v1", "v1beta1", "v1alpha1"}, o.version()) {
		return false, fmt.Errorf("%s: %s: apiVersion: %s is not known to this version of gke-preflight", o.where, o.head, o.APIVersion)
	}
	now, known := servedOf(facts.APIResources.Get(a.s))
	target, knownAfter := servedOf(targetResources(a.s))
	if !known || !knownAfter {
		return true, nil
	}
	switch {
	case now(o.head, o.version()):
	case target(o.head, o.version()):
		a.note("%s %s of %s is served from %s on: it can be applied once the upgrade is done, and is judged as if it were there", o.Kind, o.name(), o.APIVersion, targetLine(a.s))
	case now(o.head, "") || target(o.head, ""):
		a.note("%s %s is written as %s, which is not served, so that kubectl would refuse it; it is judged as what v1 would make of it", o.Kind, o.name(), o.APIVersion)
	default:
		a.note("%s %s is not judged: neither the running version nor %s serves the kind as they come, and GKE keeps it so", o.Kind, o.name(), targetLine(a.s))
		return false, nil
	}
	return true, nil
}

// servedOf returns what tells whether a kind is served in a version, or in any if
// that is empty; false if it is not known what is served.
func servedOf(resources []facts.APIResource, known bool) (func(h head, version string) bool, bool) {
	kinds := slices.ContainsFunc(resources, func(r facts.APIResource) bool { return r.Group == admissionregistrationv1.GroupName })
	return func(h head, version string) bool {
		return slices.ContainsFunc(resources, func(r facts.APIResource) bool {
			return r.Group == h.group() && r.Kind == h.Kind && (version == "" || r.Version == version)
		})
	}, known && kinds
}

// targetResources are what the target serves as it comes.
func targetResources(s *facts.Snapshot) ([]facts.APIResource, bool) {
	observations, ok := bootstrap.Untouched(targetLine(s))
	if !ok {
		return nil, false
	}
	return facts.APIResources.Get(facts.New(facts.Meta{}, observations...))
}

func targetLine(s *facts.Snapshot) string {
	v, err := version.Parse(s.Meta.Target)
	if err != nil {
		return s.Meta.Target
	}
	return v.Line()
}

// surrounding adds what decides who sees a write, and is no configuration or
// policy itself: namespaces by their labels, Services, and kinds.
func (a *adder) surrounding(o object) {
	var err error
	switch {
	case a.err != nil:
	case o.APIVersion == "v1" && o.Kind == "Namespace":
		err = a.namespace(o)
	case o.APIVersion == "v1" && o.Kind == "Service":
		err = a.service(o)
	case o.group() == "apiextensions.k8s.io" && o.Kind == "CustomResourceDefinition":
		err = a.kind(o)
	}
	if err != nil && a.err == nil {
		a.err = err
	}
}

func (a *adder) namespace(o object) error {
	n, err := loose[corev1.Namespace](o)
	if err != nil {
		return err
	}
	all, ok := facts.Namespaces.Get(a.s)
	if !ok {
		return nil
	}
	labels := map[string]string{corev1.LabelMetadataName: n.Name}
	all = slices.Clone(all)
	at := slices.IndexFunc(all, func(v facts.Namespace) bool { return v.Name == n.Name })
	if at < 0 {
		at = len(all)
		all = append(all, facts.Namespace{Name: n.Name})
	}
	maps.Copy(labels, all[at].Labels)
	maps.Copy(labels, n.Labels)
	all[at].Labels = labels
	slices.SortFunc(all, func(x, y facts.Namespace) int { return cmp.Compare(x.Name, y.Name) })
	a.s = a.s.With(facts.Present(facts.Namespaces, all))
	return nil
}

func (a *adder) service(o object) error {
	v, err := loose[corev1.Service](o)
	if err != nil {
		return err
	}
	all, ok := facts.Services.Get(a.s)
	if !ok {
		return nil
	}
	made := facts.Service{
		Namespace: cmp.Or(v.Namespace, metav1.NamespaceDefault), Name: v.Name, Selector: v.Spec.Selector,
		Type: string(cmp.Or(v.Spec.Type, corev1.ServiceTypeClusterIP)), ExternalName: v.Spec.ExternalName,
	}
	for _, p := range v.Spec.Ports {
		made.Ports = append(made.Ports, facts.ServicePort{Name: p.Name, Port: p.Port, TargetPort: p.TargetPort.String(), Protocol: string(cmp.Or(p.Protocol, corev1.ProtocolTCP))})
	}
	all = slices.DeleteFunc(slices.Clone(all), func(s facts.Service) bool { return s.Namespace == made.Namespace && s.Name == made.Name })
	all = append(all, made)
	slices.SortFunc(all, func(x, y facts.Service) int {
		return cmp.Or(cmp.Compare(x.Namespace, y.Namespace), cmp.Compare(x.Name, y.Name))
	})
	a.s = a.s.With(facts.Present(facts.Services, all))
	return nil
}

// definition is what is read of a CustomResourceDefinition.
type definition struct {
	Spec struct {
		Group string `json:"group"`
		Scope string `json:"scope"`
		Names struct {
			Kind   string `json:"kind"`
			Plural string `json:"plural"`
		} `json:"names"`
		Versions []struct {
			Name   string `json:"name"`
			Served bool   `json:"served"`
		} `json:"versions"`
	} `json:"spec"`
}

func (a *adder) kind(o object) error {
	d, err := loose[definition](o)
	if err != nil {
		return err
	}
	all, ok := facts.APIResources.Get(a.s)
	if !ok {
		return nil
	}
	all = slices.Clone(all)
	for _, v := range d.Spec.Versions {
		r := facts.APIResource{Group: d.Spec.Group, Version: v.Name, Resource: d.Spec.Names.Plural, Kind: d.Spec.Names.Kind, Namespaced: d.Spec.Scope == "Namespaced"}
		known := slices.ContainsFunc(all, func(x facts.APIResource) bool {
			return x.Group == r.Group && x.Version == r.Version && x.Resource == r.Resource
		})
		if v.Served && !known {
			all = append(all, r)
		}
	}
	a.s = a.s.With(facts.Present(facts.APIResources, all))
	return nil
}
