package rollout_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/rollout"
)

func pool(n int, u facts.UpgradeSettings, more ...facts.Observation) *facts.Snapshot {
	var nodes []facts.Node
	for i := range n {
		nodes = append(nodes, facts.Node{Name: fmt.Sprint(i), Pool: "a"})
	}
	return facts.New(facts.Meta{}, facts.Present(facts.GKENodePools, []facts.NodePool{{Name: "a", Upgrade: u}}), facts.Present(facts.Nodes, nodes)).With(more...)
}

// The bounds are those of GKE: fewer rounds by surge, an hour for each drain, and what soaks.
func TestOf(t *testing.T) {
	day, quarter := int64(86400), int64(900)
	for _, c := range []struct {
		name string
		s    *facts.Snapshot
		want string
	}{
		{"one at a time", pool(9, facts.UpgradeSettings{MaxSurge: 1}), "18 minutes to 9 hours"},
		{"three at a time", pool(9, facts.UpgradeSettings{MaxSurge: 2, MaxUnavailable: 1}), "6 minutes to 3 hours"},
		{"twenty at a time at most", pool(40, facts.UpgradeSettings{MaxSurge: 40}), "4 minutes to 2 hours"},
		{"shorter drains", pool(4, facts.UpgradeSettings{MaxSurge: 1, DrainSeconds: &quarter, GraceSeconds: &quarter}), "8 minutes to 2 hours"},
		{"blue-green", pool(9, facts.UpgradeSettings{Strategy: "BLUE_GREEN", BatchNodes: 3, PoolSoakSeconds: &day}), "24 hours to 27 hours"},
		{"a strategy that is not known", pool(9, facts.UpgradeSettings{Strategy: "SHORT_LIVED"}), "not known: strategy SHORT_LIVED is not known to this version of gke-preflight"},
		{"nodes were not seen", pool(9, facts.UpgradeSettings{}, facts.Absent(facts.Nodes, facts.Forbidden, "")), "not known: the pool or its nodes were not seen"},
		{"pools were not seen", pool(9, facts.UpgradeSettings{}, facts.Absent(facts.GKENodePools, facts.Forbidden, "")), "not known: the pool or its nodes were not seen"},
	} {
		if got := rollout.Of(c.s, "a").Range(); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

// Of earlier operations the longest that went well is told, and only of this pool.
func TestEarlier(t *testing.T) {
	at := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	op := func(name, target, failed string, took time.Duration) facts.Operation {
		return facts.Operation{Name: name, Type: "UPGRADE_NODES", Status: "DONE", Target: target, Start: at, End: at.Add(took), Error: failed}
	}
	s := pool(3, facts.UpgradeSettings{}, facts.Present(facts.GKEOperations, []facts.Operation{
		op("short", "nodePools/a", "", time.Hour), op("long", "nodePools/a", "", 2*time.Hour), op("failed", "nodePools/a", "stockout", 9*time.Hour), op("other", "nodePools/b", "", 5*time.Hour),
	}))
	if e := rollout.Of(s, "a"); e.Operation != "long" || e.Earlier != 7200 {
		t.Errorf("%+v", e)
	}
}
