package watch_test

import (
	"strings"
	"testing"
	"time"

	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/rollout"
	"github.com/gke-preflight/gke-preflight/preflight/watch"
)

// Of a node pool's upgrade it says how many nodes are done and how long the others take, by
// the rate so far and by the limits of what was foretold; and nothing where that is not to
// be seen.
func TestProgressOfNodePool(t *testing.T) {
	start := time.Date(2026, 11, 23, 2, 0, 0, 0, time.UTC)
	before := start.Add(-24 * time.Hour)
	foretold := preflight.Report{Steps: []preflight.StepStatus{{Step: preflight.NodesStep, Pools: []preflight.PoolStatus{{
		Name: "web", Verdict: preflight.Ready, Takes: rollout.Estimate{Nodes: 3, Strategy: "SURGE", AtOnce: 1, Rounds: 3, Node: 120, Drain: 3600, Least: 360, Most: 11160},
	}}}}}
	said := func(r *preflight.Report, pools func(made ...time.Time) map[string][]time.Time) string {
		w := watch.New(watch.Options{})
		var lines []string
		see := func(minutes int, o watch.Observation) {
			o.At = start.Add(time.Duration(minutes) * time.Minute)
			for _, e := range w.See(o) {
				lines = append(lines, e.Text)
			}
		}
		runs := func(minutes int) {
			see(minutes, watch.Observation{Source: watch.Operations, Operations: []watch.Operation{{Operation: facts.Operation{Name: "operation-1", Type: "UPGRADE_NODES", Status: "RUNNING", Target: "nodePools/web", Start: start}}}})
		}
		nodes := func(minutes int, made ...time.Time) {
			see(minutes, watch.Observation{Source: watch.Nodes, Nodes: &watch.NodesSeen{Total: len(made), Pools: pools(made...)}})
		}
		runs(0)
		if r != nil {
			see(0, watch.Observation{Source: watch.Forecast, Report: r})
		}
		nodes(1, before, before, before)
		nodes(5, before, before, before, start.Add(3*time.Minute))
		nodes(10, before, before, start.Add(3*time.Minute))
		nodes(11, before, before, start.Add(3*time.Minute))
		nodes(30, start.Add(3*time.Minute), start.Add(12*time.Minute), start.Add(20*time.Minute))
		return strings.Join(lines, "\n")
	}
	web := func(made ...time.Time) map[string][]time.Time {
		return map[string][]time.Time{"web": made, "other": {start}}
	}
	all := said(&foretold, web)
	for _, want := range []string{
		"node pool web: nothing found that stops its upgrade; how long it takes: 6 minutes to 3 hours (3 nodes, 1 at a time: 3 rounds of 2 minutes, each with drains of up to 60 minutes)",
		"node pool web: 1 of 3 old nodes are gone, 10 minutes for these; 20 minutes for the others at that rate, and up to 2 hours where each drain takes as long as it may",
		"node pool web: 3 of 3 old nodes are gone, 30 minutes for these",
	} {
		if strings.Count(all, want) != 1 {
			t.Errorf("not said once: %s\n%s", want, all)
		}
	}
	if unknown := said(nil, web); !strings.Contains(unknown, "20 minutes for the others at that rate") || strings.Contains(unknown, "up to") {
		t.Errorf("without a forecast:\n%s", unknown)
	}
	if blind := said(&foretold, func(...time.Time) map[string][]time.Time { return nil }); strings.Contains(blind, "are gone") {
		t.Errorf("by a recording without pools:\n%s", blind)
	}
}
