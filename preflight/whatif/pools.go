package whatif

import (
	"fmt"
	"math"
	"time"

	"github.com/gke-preflight/gke-preflight/preflight/clocks"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// addPools finds the pools of the pods' nodes. One whose settings could not be
// read is taken to have those of a new pool: one surge node. Without pods and
// budgets nothing can be said of an upgrade.
func (m *model) addPools() {
	m.pools = map[string]*pool{}
	for _, f := range []facts.Fact{facts.BackendPods, facts.DisruptionBudgets} {
		if _, absent := m.s.Absence(f); absent {
			return
		}
	}
	configured, known := facts.GKENodePools.Get(m.s)
	sizes := map[string]int{}
	nodes, _ := facts.Nodes.Get(m.s)
	for _, n := range nodes {
		sizes[n.Pool]++
	}
	for _, p := range m.pods {
		if p.pool == "" || m.pools[p.pool] != nil {
			continue
		}
		m.pools[p.pool] = &pool{name: p.pool, atOnce: 1, in: "one node at a time, as is usual: its settings were not seen", drain: clocks.Drain, assumed: true}
		for _, c := range configured {
			if known && c.Name == p.pool {
				m.pools[p.pool] = poolOf(c, sizes[p.pool])
			}
		}
	}
}

func poolOf(c facts.NodePool, size int) *pool {
	p := &pool{name: c.Name, drain: clocks.Drain}
	u := c.Upgrade
	if u.DrainSeconds != nil {
		p.drain = time.Duration(*u.DrainSeconds) * time.Second
	}
	switch {
	case u.Strategy == "BLUE_GREEN":
		p.atOnce = max(1, int(u.BatchNodes), int(math.Ceil(float64(u.BatchShare)*float64(size))))
		p.assumed = u.BatchNodes == 0 && u.BatchShare == 0
		p.in = "blue-green, " + atATime(p.atOnce)
	case u == (facts.UpgradeSettings{}):
		p.atOnce, p.assumed = 1, true
		p.in = "one node at a time, as is usual: its settings were not seen"
	default:
		p.atOnce = max(1, int(u.MaxSurge+u.MaxUnavailable))
		p.takesFirst = u.MaxSurge == 0
		p.in = fmt.Sprintf("maxSurge %d, maxUnavailable %d: %s", u.MaxSurge, u.MaxUnavailable, atATime(p.atOnce))
	}
	return p
}

func atATime(n int) string {
	if n == 1 {
		return "one node at a time"
	}
	return fmt.Sprintf("%d nodes at a time", n)
}
