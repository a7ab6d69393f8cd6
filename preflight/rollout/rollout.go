// Package rollout estimates how long the upgrade of a node pool takes. It is pure.
package rollout

import (
	"fmt"
	"slices"
	"time"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// What an upgrade of a node pool takes as a matter of course. The first is an
// assumption of this tool; the others are GKE's limits and presets
// (cloud.google.com/kubernetes-engine/docs/concepts/node-pool-upgrade-strategies).
const (
	nodeMade   = 2 * time.Minute
	drainWait  = time.Hour
	soakPreset = time.Hour
	mostAtOnce = 20
)

// An Estimate is how long the upgrade of one node pool takes, and what that comes from.
// Times are in seconds.
type Estimate struct {
	Nodes int `json:"nodes"`
	// Strategy is SURGE or BLUE_GREEN.
	Strategy string `json:"strategy,omitempty"`
	// AtOnce nodes are taken at a time, in so many Rounds.
	AtOnce int `json:"atOnce,omitempty"`
	Rounds int `json:"rounds,omitempty"`
	// Node is how long new nodes take: in each round, or, of blue-green, once.
	Node int64 `json:"node,omitempty"`
	// Drain is how long the drains of one round take at most.
	Drain int64 `json:"drain,omitempty"`
	// Soak is how long all soaking takes, and Cordon how long the autoscaler has at most to
	// empty the old nodes; both of blue-green.
	Soak   int64 `json:"soak,omitempty"`
	Cordon int64 `json:"cordon,omitempty"`
	// Least is without a Pod that takes time to leave, Most with drains that last as long
	// as they may; both are zero where Unknown says why they can't be told.
	Least   int64  `json:"least,omitempty"`
	Most    int64  `json:"most,omitempty"`
	Unknown string `json:"unknown,omitempty"`
	// Held is who rejects evictions of Pods that are on the pool, so that drains of their
	// nodes last up to their limit, and HeldPerhaps says that whether anybody does is open;
	// empty and false where all evictions pass, and in reports of earlier versions.
	Held        string `json:"held,omitempty"`
	HeldPerhaps bool   `json:"heldPerhaps,omitempty"`
	// Preset says that the pool's settings were not seen, and are taken to be as usual.
	Preset bool `json:"preset,omitempty"`
	// Earlier is how long the longest upgrade of the pool took that succeeded and is still
	// listed, and Operation its name; zero and empty for none.
	Earlier   int64  `json:"earlier,omitempty"`
	Operation string `json:"operation,omitempty"`
}

// Of estimates it for the node pool of that name.
func Of(s *facts.Snapshot, pool string) Estimate {
	pools, known := facts.GKENodePools.Get(s)
	nodes, seen := facts.Nodes.Get(s)
	i := slices.IndexFunc(pools, func(p facts.NodePool) bool { return p.Name == pool })
	if !known || !seen || i < 0 {
		return Estimate{Unknown: "the pool or its nodes were not seen"}
	}
	n := 0
	for _, node := range nodes {
		if node.Pool == pool {
			n++
		}
	}
	if n == 0 && slices.ContainsFunc(facts.PoolDoubts(s), func(d facts.PoolDoubt) bool { return d.Pool == pool }) {
		return Estimate{Unknown: "no node of it was seen, and it should have some"}
	}
	e := ofPool(pools[i], n)
	if o, took := Longest(s, "UPGRADE_NODES", "nodePools/"+pool); o >= 0 {
		e.Earlier, e.Operation = int64(took.Seconds()), facts.GKEOperations.Of(s)[o].Name
	}
	return e
}

func ofPool(p facts.NodePool, nodes int) Estimate {
	u := p.Upgrade
	e := Estimate{Nodes: nodes, Strategy: "SURGE", Node: int64(nodeMade.Seconds()), Drain: drains(u), Preset: u == (facts.UpgradeSettings{})}
	switch u.Strategy {
	case "", "SURGE":
		if u.Strategy != "" && u.MaxSurge == 0 && u.MaxUnavailable == 0 {
			return Estimate{Nodes: nodes, Strategy: u.Strategy, Unknown: "it may neither add a node nor do without one, so that it can't be upgraded"}
		}
		e.AtOnce = min(mostAtOnce, max(1, int(u.MaxSurge+u.MaxUnavailable)))
		e.Rounds = parts(nodes, e.AtOnce)
		e.Least = int64(e.Rounds) * e.Node
		e.Most = e.Least + int64(e.Rounds)*e.Drain
	case "BLUE_GREEN":
		e.Strategy = u.Strategy
		e.AtOnce = max(1, int(u.BatchNodes), parts(int(float64(u.BatchShare)*float64(nodes)*1000), 1000))
		e.Rounds = parts(nodes, e.AtOnce)
		e.Soak = int64(max(0, e.Rounds-1))*seconds(u.BatchSoakSeconds, 0) + seconds(u.PoolSoakSeconds, soakPreset)
		e.Cordon = seconds(u.CordonSeconds, 0)
		e.Least = e.Node + e.Soak
		e.Most = e.Least + int64(e.Rounds)*e.Drain + e.Cordon
	default:
		return Estimate{Nodes: nodes, Strategy: u.Strategy, Unknown: fmt.Sprintf("strategy %s is not known to this version of gke-preflight", u.Strategy)}
	}
	return e
}

// drains is how long a drain may take: GKE waits for disruption budgets and for Pods to
// end, an hour for both unless the pool says otherwise of each.
func drains(u facts.UpgradeSettings) int64 {
	d := seconds(u.DrainSeconds, drainWait)
	if u.GraceSeconds != nil {
		d += *u.GraceSeconds
	}
	return d
}

// parts is how often so many are taken until none of n is left.
func parts(n, atOnce int) int { return (n + atOnce - 1) / atOnce }

func seconds(s *int64, preset time.Duration) int64 {
	if s == nil {
		return int64(preset.Seconds())
	}
	return *s
}

// Longest is the longest operation of the type on the target that succeeded, by its place
// among those that are listed; -1 for none, and where they were not read.
func Longest(s *facts.Snapshot, kind, target string) (at int, took time.Duration) {
	at = -1
	all, _ := facts.GKEOperations.Get(s)
	for i, o := range all {
		if d := o.End.Sub(o.Start); o.Type == kind && o.Target == target && o.Status == "DONE" && o.Error == "" && !o.Start.IsZero() && d > took {
			at, took = i, d
		}
	}
	return at, took
}
