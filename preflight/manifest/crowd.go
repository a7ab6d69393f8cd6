package manifest

import (
	"cmp"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	k8slabels "k8s.io/apimachinery/pkg/labels"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// A crowd are namespaces and pods that there may be.
type crowd struct {
	namespaces []facts.Namespace
	groups     []facts.PodGroup
}

// lived reports whether there are pods in a namespace that meets the requirements; among
// examples alone, if so.
func (c *crowd) lived(all []metav1.LabelSelectorRequirement, examples bool) bool {
	selector, err := metav1.LabelSelectorAsSelector(&metav1.LabelSelector{MatchExpressions: all})
	return err == nil && slices.ContainsFunc(c.namespaces, func(n facts.Namespace) bool {
		return (n.Example || !examples) && selector.Matches(k8slabels.Set(n.Labels)) &&
			slices.ContainsFunc(c.groups, func(g facts.PodGroup) bool { return g.Namespace == n.Name })
	})
}

// add adds pods of that kind to the namespace, of everything that makes pods, and reports
// whether there was no such namespace.
func (c *crowd) add(namespace string, example bool, ofNamespace, ofPods map[string]string) (made bool) {
	if made = !slices.ContainsFunc(c.namespaces, func(n facts.Namespace) bool { return n.Name == namespace }); made {
		labels := maps.Clone(ofNamespace)
		labels[corev1.LabelMetadataName] = namespace
		c.namespaces = append(c.namespaces, facts.Namespace{Name: namespace, Labels: labels, Example: example})
	}
	for _, kind := range []string{"DaemonSet", "Deployment", "Job", "StatefulSet"} {
		g := facts.PodGroup{Namespace: namespace, Kind: kind, Name: "any-app", Labels: ofPods}
		if !slices.ContainsFunc(c.groups, func(o facts.PodGroup) bool {
			return o.Namespace == g.Namespace && o.Kind == g.Kind && o.Name == g.Name && maps.Equal(o.Labels, g.Labels)
		}) {
			c.groups = append(c.groups, g)
		}
	}
	return made
}

// in is the snapshot with the crowd in it, a Service before its pods, and a disruption budget
// in each namespace that has pods, unless budgets are known.
func (c *crowd) in(s *facts.Snapshot) *facts.Snapshot {
	slices.SortFunc(c.namespaces, func(x, y facts.Namespace) int { return cmp.Compare(x.Name, y.Name) })
	s = s.With(facts.Present(facts.Namespaces, c.namespaces), facts.Present(facts.PodGroups, ordered(c.groups)))
	if services, read := facts.Services.Get(s); read {
		s = s.With(facts.Present(facts.Services, slices.Concat(services, c.services())))
	}
	if _, absent := s.Absence(facts.DisruptionBudgets); !absent || len(c.groups) == 0 {
		return s
	}
	var budgets []facts.DisruptionBudget
	for _, g := range ordered(c.groups) {
		if n := len(budgets); n == 0 || budgets[n-1].Namespace != g.Namespace {
			budgets = append(budgets, facts.DisruptionBudget{Namespace: g.Namespace, Name: "any-budget"})
		}
	}
	return s.With(facts.Present(facts.DisruptionBudgets, budgets))
}

// services are those by which the pods are called, of the names by which slices are asked
// for.
func (c *crowd) services() (all []facts.Service) {
	for _, g := range c.groups {
		all = append(all, facts.Service{Namespace: g.Namespace, Name: cmp.Or(g.Labels[discoveryv1.LabelServiceName], "any-app"), Selector: map[string]string{"app": "any-app"}})
	}
	return all
}
