package lifeline

import (
	"maps"
	"slices"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// OnAny are the node pools of all of these, sorted and each once; none where those of one
// are not known, since that may be on any.
func OnAny(each ...[]string) []string {
	if slices.ContainsFunc(each, func(on []string) bool { return len(on) == 0 }) {
		return nil
	}
	all := slices.Concat(each...)
	slices.Sort(all)
	return slices.Compact(all)
}

// poolsOf are the node pools that the group's pods are on, sorted; none where one of them
// has no node, or is on one of which the pool is not known.
func poolsOf(g facts.PodGroup) []string {
	if g.Pools[""] > 0 {
		return nil
	}
	on := maps.Clone(g.Pools)
	maps.DeleteFunc(on, func(_ string, pods int32) bool { return pods == 0 })
	return slices.Sorted(maps.Keys(on))
}

// poolsByNamespace are those of all pods of each namespace that has any.
func (e examples) poolsByNamespace() map[string][]string {
	groups, _ := facts.PodGroups.Get(e.s)
	each := map[string][][]string{}
	for _, g := range groups {
		each[g.Namespace] = append(each[g.Namespace], poolsOf(g))
	}
	all := map[string][]string{}
	for namespace, on := range each {
		all[namespace] = OnAny(on...)
	}
	return all
}

// anyPool is for what is needed whichever pool is upgraded.
func anyPool[T any](T) []string { return nil }
