package preflight

import (
	"fmt"
	"testing"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// BenchmarkOnPools asks of 5,000 findings on nodes, and as many on workloads, on which of
// ten node pools they are.
func BenchmarkOnPools(b *testing.B) {
	var nodes []facts.Node
	var groups []facts.PodGroup
	var r Result
	r.Check.Steps = []Step{NodesStep}
	var pools []string
	for i := range 10 {
		pools = append(pools, fmt.Sprint("pool-", i))
	}
	for i := range 5000 {
		name := fmt.Sprint("n", i)
		nodes = append(nodes, facts.Node{Name: name, Pool: pools[i%10]})
		groups = append(groups, facts.PodGroup{Kind: "Deployment", Namespace: "shop", Name: name, Pools: map[string]int32{pools[i%10]: 1}})
		r.Findings = append(r.Findings, Finding{Subject: Subject{Kind: "Node", Name: name}}, Finding{Subject: Subject{Kind: "Deployment", Namespace: "shop", Name: name}})
	}
	s := facts.New(facts.Meta{}, facts.Present(facts.Nodes, nodes), facts.Present(facts.PodGroups, groups))
	for b.Loop() {
		found := 0
		for _, p := range pools {
			found += len(onNodes(s, []Result{r}, []string{p})[0].Findings)
		}
		if found != 10_000 {
			b.Fatal(found)
		}
	}
}
