package admission

import (
	"maps"
	"slices"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// A Selection is what a webhook, or a policy with one of its bindings, asks of the labels
// of a namespace and of an object, and of a namespace in expressions.
type Selection struct {
	// Kind and Name are those of the configuration or policy.
	Kind Kind
	Name string
	// Namespaces and Objects hold all requirements as expressions; nil for none.
	Namespaces, Objects []metav1.LabelSelectorRequirement
	// Reads are the expressions that go by the namespace; nil for none.
	Reads []NamespaceRead
}

// Selections are those of all webhooks and of all policies that have a binding, but for
// those that ask nothing.
func Selections(s *facts.Snapshot) (all []Selection) {
	add := func(kind Kind, name string, expressions []string, selectors ...*metav1.LabelSelector) {
		x := Selection{Kind: kind, Name: name, Reads: namespaceReads(expressions...)}
		for n, selector := range selectors {
			switch {
			case selector == nil:
			case n%2 == 0:
				x.Namespaces = append(x.Namespaces, requirements(selector)...)
			default:
				x.Objects = append(x.Objects, requirements(selector)...)
			}
		}
		if x.Namespaces != nil || x.Objects != nil || x.Reads != nil {
			all = append(all, x)
		}
	}
	for _, c := range read(s, facts.MutatingWebhooks) {
		for _, w := range c.Webhooks {
			add(MutatingWebhook, c.Name, conditions(w.MatchConditions), w.NamespaceSelector, w.ObjectSelector)
		}
	}
	for _, c := range read(s, facts.ValidatingWebhooks) {
		for _, w := range c.Webhooks {
			add(ValidatingWebhook, c.Name, conditions(w.MatchConditions), w.NamespaceSelector, w.ObjectSelector)
		}
	}
	for _, p := range read(s, facts.ValidatingPolicies) {
		for _, b := range read(s, facts.ValidatingPolicyBindings) {
			if b.Spec.PolicyName == p.Name {
				add(ValidatingPolicy, p.Name, validatingExpressions(&p, b.Spec.ValidationActions), append(selectors(p.Spec.MatchConstraints), selectors(b.Spec.MatchResources)...)...)
			}
		}
	}
	for _, p := range read(s, facts.MutatingPolicies) {
		for _, b := range read(s, facts.MutatingPolicyBindings) {
			if b.Spec.PolicyName == p.Name {
				add(MutatingPolicy, p.Name, mutatingExpressions(&p), append(selectors(p.Spec.MatchConstraints), selectors(b.Spec.MatchResources)...)...)
			}
		}
	}
	return all
}

func read[T any](s *facts.Snapshot, k facts.Key[[]T]) []T {
	v, _ := k.Get(s)
	return v
}

// selectors are that of namespaces and that of objects.
func selectors(m *admissionregistrationv1.MatchResources) []*metav1.LabelSelector {
	if m == nil {
		return []*metav1.LabelSelector{nil, nil}
	}
	return []*metav1.LabelSelector{m.NamespaceSelector, m.ObjectSelector}
}

// SelectedLabels are the labels of objects that webhooks and policies ask about, sorted.
func SelectedLabels(s *facts.Snapshot) []string {
	keys := map[string]bool{}
	for _, x := range Selections(s) {
		for _, q := range x.Objects {
			keys[q.Key] = true
		}
	}
	return slices.Sorted(maps.Keys(keys))
}
