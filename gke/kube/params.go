package kube

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"

	admission "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime/schema"

	policies "github.com/gke-preflight/gke-preflight/preflight/admission"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// policyParams reads, of every kind that a policy takes parameters from, the
// objects that a binding of the policy refers to.
func policyParams(ctx context.Context, c *cluster) ([]facts.ParamKind, error) {
	wanted, err := paramQueries(c)
	if err != nil {
		return nil, dependent("which parameters policies take is unknown", err)
	}
	if len(wanted) == 0 {
		return []facts.ParamKind{}, nil
	}
	resources, err := c.resources()
	if err != nil {
		return nil, dependent("which resources hold the parameters of policies is unknown", err)
	}
	kinds := slices.SortedFunc(maps.Keys(wanted), func(a, b admission.ParamKind) int {
		return cmp.Or(strings.Compare(a.APIVersion, b.APIVersion), strings.Compare(a.Kind, b.Kind))
	})
	return each(kinds, func(kind admission.ParamKind) ([]facts.ParamKind, error) {
		return []facts.ParamKind{params(ctx, c.reader, resources, kind, wanted[kind])}, nil
	})
}

// A wantedKind is which objects of a kind are read, and what of them is kept.
type wantedKind struct {
	queries []paramQuery
	reads   policies.ParamReads
}

// A paramQuery is what a binding refers to: in one namespace or in all, one
// name or a selector.
type paramQuery struct{ namespace, name, selector string }

// paramQueries returns what to read of which kind; a kind whose policies are
// bound nowhere has none.
func paramQueries(c *cluster) (map[admission.ParamKind]wantedKind, error) {
	validating, err1 := c.validatingPolicies()
	validatingBindings, err2 := c.validatingBindings()
	mutating, err3 := c.mutatingPolicies()
	mutatingBindings, err4 := c.mutatingBindings()
	if err := cmp.Or(err1, err2, err3, err4); err != nil {
		return nil, err
	}
	refs := map[string][]*admission.ParamRef{}
	for _, b := range validatingBindings {
		refs["validating/"+b.Spec.PolicyName] = append(refs["validating/"+b.Spec.PolicyName], b.Spec.ParamRef)
	}
	for _, b := range mutatingBindings {
		refs["mutating/"+b.Spec.PolicyName] = append(refs["mutating/"+b.Spec.PolicyName], b.Spec.ParamRef)
	}
	out := map[admission.ParamKind]wantedKind{}
	for _, p := range validating {
		addQueries(out, p.Spec.ParamKind, refs["validating/"+p.Name], policies.ParamReadsOf(p.Spec))
	}
	for _, p := range mutating {
		addQueries(out, p.Spec.ParamKind, refs["mutating/"+p.Name], policies.ParamReadsOfMutating(p.Spec))
	}
	return out, nil
}

func addQueries(out map[admission.ParamKind]wantedKind, kind *admission.ParamKind, refs []*admission.ParamRef, reads policies.ParamReads) {
	if kind == nil {
		return
	}
	wanted := out[*kind]
	for _, ref := range refs {
		if ref != nil {
			wanted.queries = append(wanted.queries, paramQuery{ref.Namespace, ref.Name, selector(ref.Selector)})
		}
	}
	wanted.reads = append(wanted.reads, reads...)
	out[*kind] = wanted
}

// selector returns the query for s; empty, which selects all, where s is nil,
// empty or not valid.
func selector(s *metav1.LabelSelector) string {
	selector, err := metav1.LabelSelectorAsSelector(s)
	if s == nil || err != nil {
		return ""
	}
	return selector.String()
}

func params(ctx context.Context, r *reader, resources []facts.APIResource, kind admission.ParamKind, wanted wantedKind) facts.ParamKind {
	out := facts.ParamKind{APIVersion: kind.APIVersion, Kind: kind.Kind, Reads: wanted.reads.Pointers()}
	gv, err := schema.ParseGroupVersion(kind.APIVersion)
	if err != nil {
		out.Absence = facts.Absence{Reason: facts.Failed, Detail: err.Error()}
		return out
	}
	i := slices.IndexFunc(resources, func(a facts.APIResource) bool {
		return a.Group == gv.Group && a.Version == gv.Version && a.Kind == kind.Kind && !strings.Contains(a.Resource, "/")
	})
	if i < 0 {
		return out
	}
	out.Resource, out.Namespaced = resources[i].Resource, resources[i].Namespaced
	if gv.Group == "" && out.Resource == "secrets" {
		out.Absence = facts.Absence{Reason: facts.NotCollected, Detail: "Secrets are never read"}
		return out
	}
	objects, err := paramObjects(ctx, r, gv.WithResource(out.Resource), wanted.queries)
	if err != nil {
		out.Absence = Why(err)
	}
	for _, o := range objects {
		out.Objects = append(out.Objects, wanted.reads.Keep(o))
	}
	return out
}

func paramObjects(ctx context.Context, r *reader, gvr schema.GroupVersionResource, queries []paramQuery) ([]map[string]any, error) {
	slices.SortFunc(queries, func(a, b paramQuery) int {
		return cmp.Or(strings.Compare(a.namespace, b.namespace), strings.Compare(a.name, b.name), strings.Compare(a.selector, b.selector))
	})
	found, err := each(slices.Compact(queries), func(q paramQuery) ([]unstructured.Unstructured, error) {
		o := metav1.ListOptions{LabelSelector: q.selector}
		if q.name != "" {
			o.FieldSelector = fields.OneTermEqualSelector("metadata.name", q.name).String()
		}
		return list(ctx, r, r.dynamic.Resource(gvr).Namespace(q.namespace).List, o, func(u *unstructured.Unstructured) (unstructured.Unstructured, bool) {
			u.SetManagedFields(nil)
			return *u, true
		})
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(found, func(a, b unstructured.Unstructured) int {
		return cmp.Or(strings.Compare(a.GetNamespace(), b.GetNamespace()), strings.Compare(a.GetName(), b.GetName()))
	})
	found = slices.CompactFunc(found, func(a, b unstructured.Unstructured) bool {
		return a.GetNamespace() == b.GetNamespace() && a.GetName() == b.GetName()
	})
	var out []map[string]any
	for _, u := range found {
		out = append(out, u.Object)
	}
	return out, nil
}
