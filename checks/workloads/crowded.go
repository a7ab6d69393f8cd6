package workloads

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/gke-preflight/gke-preflight/checks/finding"
	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/remedy"
)

// An amount is what pods ask for, or what nodes have left for them.
type amount struct {
	// cpu is in thousandths, memory in bytes.
	cpu, memory int64
}

func (a amount) plus(b amount) amount { return amount{a.cpu + b.cpu, a.memory + b.memory} }
func (a amount) within(b amount) bool { return a.cpu <= b.cpu && a.memory <= b.memory }

func (a amount) String() string {
	return fmt.Sprintf("%.1f CPUs and %.1f GiB", float64(a.cpu)/1000, float64(a.memory)/(1<<30))
}

// A load is what the pods of a node ask for, and where it is recorded.
type load struct {
	facts.NodeRequest
	index int
}

// crowded are the pools with a node whose pods ask for more than is free on all
// other nodes, where the upgrade takes it away first. What the autoscaler may add is not
// counted, and a pool that has it is left out.
func (p places) crowded(s *facts.Snapshot) (fs []preflight.Finding) {
	tight := func(pool facts.NodePool) bool { return takesFirst(pool) && pool.Autoscaling == (facts.Autoscaling{}) }
	if !slices.ContainsFunc(facts.GKENodePools.Of(s), tight) {
		return nil
	}
	requests, ok := facts.NodeRequests.Get(s)
	if !ok {
		return finding.Unread(s, facts.NodeRequests, "whether the pods of a node fit on the others is not known")
	}
	loads := map[string]load{}
	for i, r := range requests {
		loads[r.Node] = load{r, i}
	}
	found := map[string]bool{}
	for _, n := range facts.Nodes.Of(s) {
		l, busy := loads[n.Name]
		if !busy || found[n.Pool] || n.CPU == 0 || !tight(p.pools[n.Pool]) {
			continue
		}
		evicted := amount{l.EvictedCPU, l.EvictedMemory}
		open, tainted := roomBeside(n, facts.Nodes.Of(s), loads)
		if evicted.within(open) {
			continue
		}
		found[n.Pool] = true
		severity, unless := preflight.Warning, ""
		if evicted.within(open.plus(tainted)) {
			severity, unless = preflight.Info, fmt.Sprintf(", unless they tolerate the taints of nodes that have %s", tainted)
		}
		fs = append(fs, preflight.Finding{
			Severity: severity, Subject: finding.PoolSubject(p.pools[n.Pool]),
			Summary: fmt.Sprintf("an upgrade of node pool %s takes a node away before it adds one, and the pods of node %s ask for %s where the other nodes have %s left: some wait until a new node is there%s",
				n.Pool, n.Name, evicted, open, unless),
			Evidence: []preflight.Evidence{finding.EvidenceOf(facts.NodeRequests, l.EvictedCPU, "thousandths of a CPU that its pods ask for", "/%d/evictedCPU", l.index)},
			Steps:    remedy.Do("have the upgrade add a node first", finding.PoolCommand(s, "update", n.Pool, finding.OneMore()...)),
		})
	}
	return fs
}

// roomBeside is what the other nodes have left: those that take whatever runs on the node
// that goes, and those that may keep it out.
func roomBeside(gone facts.Node, nodes []facts.Node, loads map[string]load) (open, tainted amount) {
	for _, n := range nodes {
		if n.Name == gone.Name || n.CPU == 0 || n.Unschedulable {
			continue
		}
		l := loads[n.Name]
		left := amount{max(0, n.CPU-l.CPU), max(0, n.Memory-l.Memory)}
		if keepsOut(n, gone) {
			tainted = tainted.plus(left)
		} else {
			open = open.plus(left)
		}
	}
	return open, tainted
}

// keepsOut reports whether the node has a taint that pods of the other one need not
// tolerate. GKE gives nodes with accelerators one of its own.
func keepsOut(n, other facts.Node) bool {
	if n.Accelerator != "" && n.Accelerator != other.Accelerator {
		return true
	}
	return slices.ContainsFunc(n.Taints, func(t facts.NodeTaint) bool {
		return t.Effect != string(corev1.TaintEffectPreferNoSchedule) && !slices.Contains(other.Taints, t)
	})
}
