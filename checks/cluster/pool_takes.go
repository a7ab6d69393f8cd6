package cluster

import (
	"fmt"
	"time"

	"github.com/gke-preflight/gke-preflight/checks/finding"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// What an upgrade of a node pool takes as a matter of course. The first is an
// assumption of this tool; the others are presets of GKE
// (cloud.google.com/kubernetes-engine/docs/concepts/node-pool-upgrade-strategies).
const (
	nodeMade   = 2 * time.Minute
	drainWait  = time.Hour
	soakPreset = time.Hour
)

// poolTakes is an estimate of how long the upgrade of a node pool takes.
type poolTakes struct {
	// least is without a Pod that takes time to leave, most with drains that wait for
	// disruption budgets as long as they may.
	least, most time.Duration
	// how says in words what it comes from.
	how string
}

// takes estimates by the settings of the pool; false where its strategy is not known.
func takes(p facts.NodePool, nodes int) (t poolTakes, ok bool) {
	u := p.Upgrade
	drain := seconds(u.DrainSeconds, drainWait)
	switch u.Strategy {
	case "", "SURGE":
		atOnce := max(1, int(u.MaxSurge+u.MaxUnavailable))
		rounds := parts(nodes, atOnce)
		t = poolTakes{time.Duration(rounds) * nodeMade, time.Duration(rounds) * (nodeMade + drain), fmt.Sprintf("%s, %d at a time", finding.Count(nodes, "node"), atOnce)}
		if u == (facts.UpgradeSettings{}) {
			t.how += " as is usual: its settings were not seen"
		}
	case "BLUE_GREEN":
		batch := max(1, int(u.BatchNodes), parts(int(float64(u.BatchShare)*float64(nodes)*1000), 1000))
		batches := parts(nodes, batch)
		soak := time.Duration(max(0, batches-1))*seconds(u.BatchSoakSeconds, 0) + seconds(u.PoolSoakSeconds, soakPreset)
		t = poolTakes{nodeMade + soak, nodeMade + soak + time.Duration(batches)*drain, fmt.Sprintf("blue-green: %s, %d at a time, soaking for %s in all", finding.Count(nodes, "node"), batch, finding.Age(soak))}
		if u.CordonSeconds != nil {
			cordon := seconds(u.CordonSeconds, 0)
			t.most += cordon
			t.how += fmt.Sprintf(", and up to %s for the autoscaler to empty them", finding.Age(cordon))
		}
	default:
		return t, false
	}
	return t, true
}

// parts is how often so many are taken until none of n is left.
func parts(n, atOnce int) int { return (n + atOnce - 1) / atOnce }

func seconds(s *int64, preset time.Duration) time.Duration {
	if s == nil {
		return preset
	}
	return time.Duration(*s) * time.Second
}
