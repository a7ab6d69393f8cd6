package manifest

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// loose reads o as a T, whatever else it holds.
func loose[T any](o object) (*T, error) {
	value := new(T)
	if err := json.Unmarshal(o.json, value); err != nil {
		return nil, fmt.Errorf("%s: %s: %w%s", o.where, o.head, tidy(err), o.hint())
	}
	return value, nil
}

// params adds the objects of the manifests that policies take parameters from, and
// says of each such kind whether others may be in the cluster.
func (a *adder) params(all []Manifest) {
	kinds, ok := facts.PolicyParams.Get(a.s)
	resources, served := facts.APIResources.Get(a.s)
	if !ok || !served {
		return
	}
	kinds = slices.Clone(kinds)
	for kind, refs := range a.refs() {
		n := slices.IndexFunc(kinds, func(k facts.ParamKind) bool { return k.APIVersion == kind.APIVersion && k.Kind == kind.Kind })
		if n < 0 {
			n = len(kinds)
			kinds = append(kinds, a.paramKind(kind, resources))
		}
		kinds[n].Objects = slices.Clone(kinds[n].Objects)
		for _, m := range all {
			for _, o := range m.objects {
				if o.APIVersion == kind.APIVersion && o.Kind == kind.Kind {
					kinds[n] = withObject(kinds[n], o)
				}
			}
		}
		if kinds[n].Absence != (facts.Absence{}) && named(refs, kinds[n]) {
			kinds[n].Absence = facts.Absence{}
		}
	}
	slices.SortFunc(kinds, func(x, y facts.ParamKind) int {
		return cmp.Or(cmp.Compare(x.APIVersion, y.APIVersion), cmp.Compare(x.Kind, y.Kind))
	})
	a.s = a.s.With(facts.Present(facts.PolicyParams, kinds))
}

// refs are the parameters of each kind that bindings refer to.
func (a *adder) refs() map[admissionregistrationv1.ParamKind][]*admissionregistrationv1.ParamRef {
	found := map[admissionregistrationv1.ParamKind][]*admissionregistrationv1.ParamRef{}
	validating, _ := facts.ValidatingPolicies.Get(a.s)
	bindings, _ := facts.ValidatingPolicyBindings.Get(a.s)
	for _, p := range validating {
		for _, b := range bindings {
			if p.Spec.ParamKind != nil && b.Spec.PolicyName == p.Name {
				found[*p.Spec.ParamKind] = append(found[*p.Spec.ParamKind], b.Spec.ParamRef)
			}
		}
	}
	mutating, _ := facts.MutatingPolicies.Get(a.s)
	mutatingBindings, _ := facts.MutatingPolicyBindings.Get(a.s)
	for _, p := range mutating {
		for _, b := range mutatingBindings {
			if p.Spec.ParamKind != nil && b.Spec.PolicyName == p.Name {
				found[*p.Spec.ParamKind] = append(found[*p.Spec.ParamKind], b.Spec.ParamRef)
			}
		}
	}
	return found
}

// paramKind is a kind that no policy of the cluster has taken parameters from.
func (a *adder) paramKind(k admissionregistrationv1.ParamKind, resources []facts.APIResource) facts.ParamKind {
	h := head{APIVersion: k.APIVersion, Kind: k.Kind}
	made := facts.ParamKind{APIVersion: k.APIVersion, Kind: k.Kind}
	for _, r := range resources {
		if r.Group == h.group() && r.Version == h.version() && r.Kind == k.Kind {
			made.Resource, made.Namespaced = cmp.Or(made.Resource, r.Resource), made.Namespaced || r.Namespaced
		}
	}
	if made.Resource != "" && !a.whole {
		made.Absence = facts.Absence{Reason: facts.NotCollected, Detail: "no policy of the cluster takes parameters from it"}
	}
	return made
}

func withObject(k facts.ParamKind, o object) facts.ParamKind {
	value, err := loose[map[string]any](o)
	if err != nil {
		return k
	}
	meta, _ := (*value)["metadata"].(map[string]any)
	if meta != nil && k.Namespaced && meta["namespace"] == nil {
		meta["namespace"] = "default"
	}
	k.Objects = slices.DeleteFunc(k.Objects, func(have map[string]any) bool {
		m, _ := have["metadata"].(map[string]any)
		return m != nil && meta != nil && m["name"] == meta["name"] && m["namespace"] == meta["namespace"]
	})
	k.Objects = append(k.Objects, *value)
	return k
}

// named reports whether each reference is to one object by name that k holds.
func named(refs []*admissionregistrationv1.ParamRef, k facts.ParamKind) bool {
	for _, r := range refs {
		if r == nil {
			continue
		}
		held := slices.ContainsFunc(k.Objects, func(o map[string]any) bool {
			m, _ := o["metadata"].(map[string]any)
			namespace, _ := m["namespace"].(string)
			return m["name"] == r.Name && (namespace == r.Namespace || !k.Namespaced)
		})
		if r.Name == "" || !held {
			return false
		}
	}
	return true
}
