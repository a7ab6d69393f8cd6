package lifeline

import (
	"slices"

	"github.com/gke-preflight/gke-preflight/preflight/bootstrap"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// systemPods are pods of kube-system, each a way to its node.
func (e examples) systemPods() []bootstrap.Write {
	return alikeOf(e, e.systemGroups(), e.looks, anyPool, func(g facts.PodGroup) []bootstrap.Write {
		return e.pod(e.podOf(g), makers[g.Kind], g)
	}).writes
}

// systemGroups are the pods of kube-system, kube-dns and the control plane's tunnel first;
// where they could not be read these two, and one of each of their makers of which nothing
// is known.
func (e examples) systemGroups() []facts.PodGroup {
	groups := []facts.PodGroup{
		{Namespace: system, Kind: "Deployment", Name: dns, Labels: map[string]string{"k8s-app": dns}},
		{Namespace: system, Kind: daemonSet, Name: tunnel, Labels: map[string]string{"k8s-app": tunnel}},
	}
	for n, usual := range groups {
		if g := e.groupOf(system, usual.Name); g.Name != "" {
			groups[n] = g
		}
	}
	all, read := facts.PodGroups.Get(e.s)
	if !read {
		return append(groups, facts.PodGroup{Namespace: system, Kind: "Deployment", Name: "any-app"}, facts.PodGroup{Namespace: system, Kind: daemonSet, Name: "any-agent"})
	}
	for _, g := range all {
		first := slices.ContainsFunc(groups[:2], func(u facts.PodGroup) bool { return u.Kind == g.Kind && u.Name == g.Name })
		if g.Namespace == system && replaced(g) && !first {
			groups = append(groups, g)
		}
	}
	return groups
}
