package rehearsal

import (
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// MostDefinitions is how many CustomResourceDefinitions are loaded beside those of the
// kinds that policies take parameters from: each takes 4 MB of each API server.
const MostDefinitions = 20

// A definition is what is loaded of a CustomResourceDefinition. Its schema takes
// anything: nobody writes custom objects in a rehearsal, and those that policies take
// parameters from have their defaults already.
type definition struct {
	name, kind string
	namespaced bool
	// versions are those that are served; storage may be another.
	versions []string
	storage  string
	// madeUp says that the recording tells of the kind by its objects alone.
	madeUp bool
}

// definitionsOf are those of the kinds that policies take parameters from, and then the
// others that the recording has whole.
func definitionsOf(s *facts.Snapshot) (all []definition) {
	recorded, _ := facts.CustomResources.Get(s)
	have := func(name string) bool {
		return slices.ContainsFunc(all, func(d definition) bool { return d.name == name })
	}
	kinds, _ := facts.PolicyParams.Get(s)
	for _, k := range kinds {
		group, version, _ := strings.Cut(k.APIVersion, "/")
		if !strings.Contains(group, ".") || k.Resource == "" || builtIn(s, group) || have(k.Resource+"."+group) {
			continue
		}
		d := definition{k.Resource + "." + group, k.Kind, k.Namespaced, []string{version}, version, true}
		for _, r := range recorded {
			if r.Name == d.name && r.Kind != "" {
				d.versions, d.storage, d.madeUp = r.Served, r.Storage, false
			}
		}
		all = append(all, d)
	}
	read := len(all)
	for _, r := range recorded {
		if r.Established && !have(r.Name) && len(all)-read < MostDefinitions {
			all = append(all, definition{r.Name, r.Kind, r.Namespaced, r.Served, r.Storage, false})
		}
	}
	return all
}

// definitions are the objects of [definitionsOf].
func definitions(s *facts.Snapshot) (out []*unstructured.Unstructured) {
	for _, d := range definitionsOf(s) {
		plural, group, _ := strings.Cut(d.name, ".")
		scope := "Cluster"
		if d.namespaced {
			scope = "Namespaced"
		}
		versions := []any{}
		for _, v := range d.versions {
			versions = append(versions, anything(v, true, v == d.storage))
		}
		if !slices.Contains(d.versions, d.storage) {
			versions = append(versions, anything(d.storage, false, true))
		}
		u := object("apiextensions.k8s.io/v1", "CustomResourceDefinition", map[string]any{
			"spec": map[string]any{
				"group": group, "scope": scope, "versions": versions,
				"names": map[string]any{"plural": plural, "singular": strings.ToLower(d.kind), "kind": d.kind, "listKind": d.kind + "List"},
			},
		})
		u.SetName(d.name)
		if group == "k8s.io" || strings.HasSuffix(group, ".k8s.io") || strings.HasSuffix(group, ".kubernetes.io") {
			u.SetAnnotations(map[string]string{"api-approved.kubernetes.io": "unapproved, a stand-in of a rehearsal"})
		}
		out = append(out, u)
	}
	return out
}

// anything is a version of a definition that takes anything.
func anything(name string, served, storage bool) any {
	return map[string]any{"name": name, "served": served, "storage": storage, "schema": map[string]any{
		"openAPIV3Schema": map[string]any{"type": "object", "x-kubernetes-preserve-unknown-fields": true}}}
}

// Definitions tells the CustomResourceDefinitions apart: how many are loaded, which of
// these are made up from a kind's objects, and how many the cluster has beside them.
func Definitions(s *facts.Snapshot) (loaded int, madeUp []string, others int) {
	all := definitionsOf(s)
	recorded, _ := facts.CustomResources.Get(s)
	others = len(recorded)
	for _, d := range all {
		if d.madeUp {
			madeUp = append(madeUp, d.name)
		}
		if slices.ContainsFunc(recorded, func(r facts.CustomResource) bool { return r.Name == d.name }) {
			others--
		}
	}
	return len(all), madeUp, others
}

// builtIn reports whether kube-apiserver serves the group itself.
func builtIn(s *facts.Snapshot, group string) bool {
	all, _ := facts.APIServices.Get(s)
	custom, _ := facts.CustomResources.Get(s)
	return slices.ContainsFunc(all, func(a facts.APIService) bool { return a.Group == group && a.Service == "" }) &&
		!slices.ContainsFunc(custom, func(c facts.CustomResource) bool { return strings.HasSuffix(c.Name, "."+group) })
}
