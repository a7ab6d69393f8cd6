package lifeline

import (
	"fmt"
	"slices"
	"testing"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

func onPools(namespace, kind, name string, pools map[string]int32) facts.PodGroup {
	return facts.PodGroup{Namespace: namespace, Kind: kind, Name: name, Pools: pools}
}

// TestPools: a write is of the node pools of all that it stands for, also of what is not
// looked at any more, and of any pool where one Pod may be anywhere.
func TestPools(t *testing.T) {
	many := []facts.PodGroup{}
	for n := range maxSources + 5 {
		g := onPools("web", "Deployment", fmt.Sprint("web-", n), map[string]int32{"a": 1})
		g.Example = g.Name + "-x"
		many = append(many, g)
	}
	web := onPools("web", "Deployment", "web", map[string]int32{"a": 2})
	last := many[len(many)-1]
	last.Name, last.Pools = "last", map[string]int32{"c": 1}
	for name, c := range map[string]struct {
		groups []facts.PodGroup
		want   []string
	}{
		"of one":                        {[]facts.PodGroup{web}, []string{"a"}},
		"of none on another":            {[]facts.PodGroup{onPools("web", "Deployment", "web", map[string]int32{"a": 2, "b": 0})}, []string{"a"}},
		"alike in the namespace":        {[]facts.PodGroup{web, onPools("web", "Deployment", "api", map[string]int32{"b": 1, "a": 1})}, []string{"a", "b"}},
		"alike in another":              {[]facts.PodGroup{web, onPools("shop", "Deployment", "cart", map[string]int32{"b": 1})}, []string{"a", "b"}},
		"the first was not seen":        {[]facts.PodGroup{onPools("shop", "Deployment", "cart", nil), web}, nil},
		"the last was not seen":         {[]facts.PodGroup{web, onPools("shop", "Deployment", "cart", nil)}, nil},
		"a Pod is on no node":           {[]facts.PodGroup{onPools("web", "Deployment", "web", map[string]int32{"a": 2, "": 1})}, nil},
		"more than are remembered":      {append(slices.Clone(many), last), []string{"a", "c"}},
		"and the last was not seen":     {append(slices.Clone(many), onPools("web", "Deployment", "last", nil)), nil},
		"DaemonSets are where they are": {[]facts.PodGroup{web, onPools("logs", "DaemonSet", "agent", map[string]int32{"b": 1})}, []string{"a"}},
	} {
		s := cluster("1.36.3", facts.Present(facts.PodGroups, c.groups))
		for _, line := range []Line{line(t, s, Evictions), line(t, s, "pods of applications")} {
			for _, w := range line.Writes {
				if w.Resource != budget.resource && !slices.Equal(w.Pools, c.want) {
					t.Errorf("%s: %s is of %v, want %v", name, w.Key(), w.Pools, c.want)
				}
			}
		}
	}
}

// TestPoolsOfLines: what is not of Pods is of any pool; a budget is of those of its
// namespace's Pods, and an agent of those that it is on.
func TestPoolsOfLines(t *testing.T) {
	groups := []facts.PodGroup{
		onPools("web", "Deployment", "web", map[string]int32{"a": 2}), onPools("logs", "DaemonSet", "agent", map[string]int32{"b": 1}),
		onPools("calico-system", "DaemonSet", "calico-node", map[string]int32{"a": 1, "b": 1}),
	}
	budgets := facts.Present(facts.DisruptionBudgets, []facts.DisruptionBudget{{Namespace: "web", Name: "web"}})
	seen := cluster("1.36.3", budgets, facts.Present(facts.PodGroups, groups))
	unread := cluster("1.36.3", budgets, facts.Absent(facts.PodGroups, facts.Forbidden, "no"), facts.Present(facts.NetworkPlugins, []facts.NetworkPlugin{{Namespace: "calico-system", Name: "calico-node"}}))
	for _, c := range []struct {
		line string
		nth  int
		want []string
	}{
		{OldNodes, 0, nil}, {OldNodes, 1, nil}, {OldNodes, 2, []string{"a"}}, {"CSI nodes", 0, nil}, {"volume attachments", 0, nil},
		{"persistent volumes", 0, nil}, {"persistent volumes", 3, []string{"a"}}, {"pod deletions", 0, []string{"a", "b"}}, {"status of workloads", 0, []string{"a"}},
		{Network, 0, []string{"a", "b"}}, {Agents, 0, []string{"a", "b"}}, {"pods of applications", 0, []string{"a"}}, {"pods of kube-system", 0, nil}, {"endpoint slices", 0, nil},
	} {
		if w := line(t, seen, c.line).Writes[c.nth]; !slices.Equal(w.Pools, c.want) {
			t.Errorf("%s: %s is of %v, want %v", c.line, w.Key(), w.Pools, c.want)
		}
		if w := line(t, unread, c.line).Writes[c.nth]; w.Pools != nil {
			t.Errorf("%s: no Pods could be read, and %s is of %v", c.line, w.Key(), w.Pools)
		}
	}
}
