package main

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/gke-preflight/gke-preflight/gke/controlplane"
	"github.com/gke-preflight/gke-preflight/gke/controlplane/binaries"
	"github.com/gke-preflight/gke-preflight/gke/controlplane/rig"
	"github.com/gke-preflight/gke-preflight/gke/kube"
	"github.com/gke-preflight/gke-preflight/preflight/bootstrap"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// TestTwoStepUpgrade makes an upgrade as GKE does in two steps, rolls the first
// step back, and makes both. Before each start the plan is held against what it
// then writes beyond what every start does. Of the first step the plan is an
// upper bound, and the two steps together write what it says. Before 1.33
// /version does not name the minor that is emulated.
func TestTwoStepUpgrade(t *testing.T) {
	rig.Require(t)
	minors, err := binaries.Tested()
	if err != nil {
		t.Fatal(err)
	}
	for i, to := range minors {
		if i == 0 || to <= "1.32" {
			continue
		}
		from := minors[i-1]
		t.Run(from+" to "+to, func(t *testing.T) {
			t.Parallel()
			twoSteps(t, from, to)
		})
	}
}

func twoSteps(t *testing.T, from, to string) {
	cluster := rig.Start(t, controlplane.Options{Minor: from})
	joined(t, cluster)
	plan := func(target string, step bootstrap.Step) (certain, all []string) {
		t.Helper()
		s := facts.New(facts.Meta{Target: target, CollectedAt: time.Now()}, kube.Collect(t.Context(), cluster.Config, kube.Options{})...)
		if hop, problem := bootstrap.HopOf(s); problem != "" || hop.Step != step {
			t.Fatalf("to %s is %s (%s), want %s", target, hop.Step, problem, step)
		}
		p := bootstrap.Of(s)
		if p.Problem != "" || p.Unknown != nil {
			t.Fatalf("problem %q, unknown %v", p.Problem, p.Unknown)
		}
		for key, w := range plannedWrites(p) {
			if w.EveryStart {
				continue
			}
			all = append(all, key)
			if w.Condition == "" {
				certain = append(certain, key)
			}
		}
		slices.Sort(certain)
		return certain, all
	}
	start := func(minor string, flags ...string) []string {
		t.Helper()
		for _, r := range cluster.Replicas() {
			r.Stop()
		}
		outcome, err := cluster.Upgrade(t.Context(), minor, controlplane.UpgradeOptions{Settle: 3 * time.Second, Flags: flags})
		if err != nil || outcome.State != controlplane.Ready {
			t.Fatalf("%s: %v", outcome, err)
		}
		cluster.Config.Host = outcome.Replica.URL()
		return slices.Sorted(maps.Keys(successful(outcome.Writes)))
	}
	foretold := func(what string, certain, all, written []string) {
		t.Helper()
		written = slices.DeleteFunc(sift(written), func(key string) bool {
			return !slices.Contains(certain, key) && slices.Contains(all, key)
		})
		if d := cmp.Diff(certain, written, cmpopts.EquateEmpty()); d != "" {
			t.Errorf("%s (- planned, + written):\n%s", what, d)
		}
	}
	emulate := "--emulated-version=" + from

	whole, possible := plan(to, bootstrap.NextMinor)
	first := start(to, emulate)
	t.Logf("first step: %v", sift(first))
	for _, key := range sift(first) {
		if !slices.Contains(possible, key) {
			t.Errorf("the first step made %s, which is not in the plan of both", key)
		}
	}
	certain, all := plan(from, bootstrap.RollBack)
	back := start(from)
	t.Logf("rolled back: %v", sift(back))
	foretold("the way back", certain, all, back)

	first = append(first, start(to, emulate)...)
	certain, all = plan(to, bootstrap.Complete)
	second := start(to)
	t.Logf("second step: %v", sift(second))
	foretold("the second step", certain, all, second)
	both := slices.Compact(slices.Sorted(slices.Values(append(first, second...))))
	foretold("both steps", whole, possible, both)
}

// always is what any start writes, by the keys of the plan.
var always = map[string]bool{
	"CREATE leases.coordination.k8s.io kube-system/apiserver-new-replica": true,
	"UPDATE leases.coordination.k8s.io kube-system/apiserver-new-replica": true,
	"DELETE leases.coordination.k8s.io kube-system/apiserver-new-replica": true,
	"UPDATE endpoints default/kubernetes":                                 true,
	"UPDATE endpointslices.discovery.k8s.io default/kubernetes":           true,
}

// sift leaves out what any start writes, and the events by which an API server
// tells what it did: nothing depends on them, and their names can't be known.
func sift(keys []string) []string {
	return slices.DeleteFunc(slices.Clone(keys), func(key string) bool {
		return always[key] || strings.HasPrefix(key, "CREATE events.")
	})
}
