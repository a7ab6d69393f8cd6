package manifest

import (
	"cmp"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

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
	case o.group() == "apps":
		err = a.workload(o)
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
	a.inhabited = append(a.inhabited, n.Name)
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

// owners are the kinds that make pods of a template, with the kind that owns those.
var owners = map[string]string{"Deployment": "ReplicaSet", "StatefulSet": "StatefulSet", "DaemonSet": "DaemonSet"}

// workload adds one pod of the template: its labels decide who sees the pods that
// a webhook is served from. Where no cluster is known it is an application's, too.
func (a *adder) workload(o object) error {
	owner, makes := owners[o.Kind]
	pods, ok := facts.BackendPods.Get(a.s)
	if !makes || !ok {
		return nil
	}
	w, err := loose[workload](o)
	if err != nil {
		return err
	}
	labels := maps.Clone(w.Spec.Template.Metadata.Labels)
	if owner == "ReplicaSet" && labels != nil {
		labels["pod-template-hash"] = "5d8c9f7b6"
	}
	pod := facts.Pod{Namespace: cmp.Or(o.Metadata.Namespace, metav1.NamespaceDefault), Name: o.name(), Labels: labels, Owner: owner + "/" + o.name()}
	a.s = a.s.With(facts.Present(facts.BackendPods, append([]facts.Pod{pod}, pods...)))
	if groups, ok := facts.PodGroups.Get(a.s); ok && a.whole {
		one := facts.PodGroup{Namespace: pod.Namespace, Kind: o.Kind, Name: pod.Name, Labels: labels, Pods: 1}
		a.s = a.s.With(facts.Present(facts.PodGroups, append(slices.Clone(groups), one)))
	}
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
