package main

import (
	"bytes"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// A recording from before the first node pool says afterwards whether a controller has
// lost Pods, and on which pool, and the run exits 3, whichever step it is about; one that
// lacks the Pods lets nobody go on.
func TestGateBetweenPools(t *testing.T) {
	before, err := load(root + "testdata/recorded/all-clear.zip")
	if err != nil {
		t.Fatal(err)
	}
	m := before.Meta
	m.CollectedAt = m.CollectedAt.Add(time.Hour)
	after := before.WithMeta(m)
	lost := append([]facts.PodGroup{}, facts.PodGroups.Of(before)...)
	for i, g := range lost {
		if g.Kind == "ReplicaSet" && g.Ready > 0 {
			lost[i].Ready = 0
			break
		}
	}
	dir := t.TempDir()
	write := func(name string, s *facts.Snapshot) string {
		file := filepath.Join(dir, name)
		if err := keep(file, s); err != nil {
			t.Fatal(err)
		}
		return file
	}
	was, now := write("before.zip", before), write("after.zip", after)
	broken := write("broken.zip", after.With(facts.Present(facts.PodGroups, lost)))
	blind := write("blind.zip", before.With(facts.Absent(facts.PodGroups, facts.Forbidden, "pods")))
	without := write("without.zip", after.With(facts.Absent(facts.PodGroups, facts.EarlierVersion, "not looked for")))
	empty := write("empty.zip", before.With(facts.Present(facts.PodGroups, []facts.PodGroup{})))
	gone := write("gone.zip", after.With(facts.Present(facts.PodGroups, facts.PodGroups.Of(before)[1:])))
	agent := func(pods int32) facts.Observation {
		return facts.Present(facts.PodGroups, []facts.PodGroup{{Namespace: "logs", Kind: "DaemonSet", Name: "agent", Pods: pods, Ready: pods, Pools: map[string]int32{"default-pool": pods}}})
	}
	oneLess := func(pool string) facts.Observation {
		nodes := slices.Clone(facts.Nodes.Of(before))
		i := slices.IndexFunc(nodes, func(n facts.Node) bool { return n.Pool == pool })
		return facts.Present(facts.Nodes, slices.Delete(nodes, i, i+1))
	}
	agents := write("agents.zip", before.With(agent(6)))
	elsewhere := write("elsewhere.zip", after.With(agent(5), oneLess("batch")))
	smaller := write("smaller.zip", after.With(agent(5), oneLess("default-pool")))
	m.CollectedAt = before.Meta.CollectedAt.AddDate(-2, 0, 0)
	old := write("old.zip", before.WithMeta(m))
	for _, c := range []struct {
		name, baseline, snapshot string
		flags                    []string
		code                     int
		says                     string
	}{
		{"as many as before", was, now, nil, preflight.ExitReady, "READY"},
		{"fewer", was, broken, nil, preflight.ExitNotReady, "GP526"},
		{"fewer, before the next pool", was, broken, []string{"--steps", "batch"}, preflight.ExitNotReady, "its Pods are on default-pool"},
		{"a DaemonSet's, of the pool that has its nodes", agents, elsewhere, []string{"--steps", "batch"}, preflight.ExitNotReady, "its Pods were on default-pool (6), and are on default-pool (5)"},
		{"a DaemonSet's, of the pool that has fewer nodes", agents, smaller, nil, preflight.ExitReady, "READY"},
		{"fewer, and all of the nodes", was, broken, []string{"--steps", "nodes", "--fail-on-new"}, preflight.ExitNotReady, "GP526"},
		{"what was before is not known", blind, now, nil, preflight.ExitInconclusive, "which Pods were ready before"},
		{"a ReplicaSet is gone", was, gone, []string{"--steps", "nodes"}, preflight.ExitNotReady, "GP526"},
		{"what there is now is not known", was, without, nil, preflight.ExitInconclusive, "which Pods are ready now"},
		{"nothing ran before, it says", empty, now, nil, preflight.ExitInconclusive, "not one Pod"},
		{"a baseline of years ago", old, now, nil, preflight.ExitReady, "2 years older"},
		{"a baseline of afterwards", now, was, nil, preflight.ExitCouldNotRun, "after what it is compared with was seen"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var out bytes.Buffer
			args := append([]string{"check", "--snapshot", c.snapshot, "--baseline", c.baseline, "--as-of", "2026-11-30", "--max-age", "0"}, c.flags...)
			if code := run(args, stdio{strings.NewReader(""), &out, &out}); code != c.code || !strings.Contains(strings.Join(strings.Fields(out.String()), " "), c.says) {
				t.Errorf("exit code %d, want %d and %q:\n%s", code, c.code, c.says, out.String())
			}
		})
	}
}
