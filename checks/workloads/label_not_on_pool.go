package workloads

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gke-preflight/gke-preflight/checks/finding"
	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/remedy"
)

var labelNotOnPool = preflight.Check{
	ID:       "GP408",
	Name:     "label-not-on-pool",
	Title:    "A label or taint is on nodes and not on their node pool",
	Severity: preflight.Warning,
	Steps:    []preflight.Step{preflight.NodesStep},
	Needs:    []facts.Fact{facts.PodGroups, facts.Nodes, facts.GKENodePools},
	Run: func(s *facts.Snapshot) (fs []preflight.Finding) {
		pools := map[string]facts.NodePool{}
		given := map[string]bool{}
		for _, p := range facts.GKENodePools.Of(s) {
			pools[p.Name] = p
			for k, v := range p.Template.Labels {
				given[k], given[k+"="+v] = true, true
			}
		}
		lost := onNodesAlone(s, pools)
		for _, g := range usersGroups(s) {
			for j, l := range g.NodeLabels {
				on := lost.labels[l]
				if len(on) == 0 || given[l] {
					continue
				}
				n := facts.Nodes.Of(s)[on[0]]
				fs = append(fs, preflight.Finding{
					Severity: preflight.Warning, Subject: g.subject(),
					Summary:  fmt.Sprintf("%s requires nodes with label %s, which %s of node pool %s carry and no pool gives; nodes that are upgraded or repaired come back without it, and its pods stay pending", g, l, finding.Count(len(on), "node"), n.Pool),
					Evidence: g.evidence(fmt.Sprintf("nodeLabels/%d", j), l, "on node "+n.Name+", not on its pool"),
					Steps: remedy.Do("give it to the pool, which gives it to new nodes", finding.PoolCommand(s, "update", n.Pool, "--node-labels", "OTHERS,"+pair(n, l))).
						Where("OTHERS", "the labels that the pool has, as this replaces them; without the comma if it has none", finding.PoolCommand(s, "describe", n.Pool, "--format", "value(config.labels)")),
				})
			}
		}
		fs = finding.Alike(fs, "Workloads", "require labels that are on nodes and not on node pools")
		return append(append(fs, lost.taints...), lost.open...)
	},
}

// pair is the label as key=value, as the node has it.
func pair(n facts.Node, label string) string {
	key, _, _ := strings.Cut(label, "=")
	return key + "=" + n.Labels[key]
}

// nodesAlone is what is on nodes and not on their pools.
type nodesAlone struct {
	// labels are the nodes that carry a label, by key and by key=value.
	labels map[string][]int
	taints []preflight.Finding
	open   []preflight.Finding
}

func onNodesAlone(s *facts.Snapshot, pools map[string]facts.NodePool) nodesAlone {
	out := nodesAlone{labels: map[string][]int{}}
	seen := map[string]bool{}
	for i, n := range facts.Nodes.Of(s) {
		p, ok := pools[n.Pool]
		switch {
		case !ok || len(n.Labels) == 0 && len(n.Taints) == 0:
			continue
		case p.Template.MachineType == "":
			if !seen[p.Name] {
				out.open = append(out.open, preflight.Finding{Severity: preflight.Warning, Subject: finding.PoolNamed(p.Name), Undecided: "whether its nodes carry labels that the pool does not give can't be told: the recording does not say what the pool gives"})
			}
			seen[p.Name] = true
			continue
		}
		for k, v := range n.Labels {
			if p.Template.Labels[k] != v {
				out.labels[k] = append(out.labels[k], i)
				out.labels[k+"="+v] = append(out.labels[k+"="+v], i)
			}
		}
		for j, t := range n.Taints {
			key := p.Name + " " + t.Key + "=" + t.Value + ":" + t.Effect
			if slices.Contains(p.Template.Taints, t) || seen[key] {
				continue
			}
			seen[key] = true
			out.taints = append(out.taints, preflight.Finding{
				Severity: preflight.Info, Subject: finding.PoolNamed(p.Name),
				Summary:  fmt.Sprintf("taint %s is on node %s and not on its node pool %s; the node loses it when it is recreated, and pods that it kept off come", strings.TrimPrefix(key, p.Name+" "), n.Name, p.Name),
				Evidence: []preflight.Evidence{{Fact: facts.Nodes.ID(), Path: fmt.Sprintf("/%d/taints/%d/key", i, j), Value: t.Key, Note: n.Name}},
				Steps: remedy.Do("give it to the pool", finding.PoolCommand(s, "update", p.Name, "--node-taints", fmt.Sprintf("OTHERS,%s=%s:%s", t.Key, t.Value, t.Effect))).
					Where("OTHERS", "the taints that the pool has, as this replaces them; without the comma if it has none", finding.PoolCommand(s, "describe", p.Name, "--format", "yaml(config.taints)")),
			})
		}
	}
	return out
}
