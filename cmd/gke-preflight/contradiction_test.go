package main

import (
	"bytes"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// What the cluster says of its node pools and what GKE says is one thing, or the upgrade
// of nodes has no verdict; a pool that can't be upgraded is a blocker to its own upgrade
// alone; a webhook that answered without a ready endpoint is not called well; and a recording
// is of one cluster.
func TestContradictions(t *testing.T) {
	whole := inTwoPools(t)
	nodes := func(change func(*facts.Node)) facts.Observation {
		all := slices.Clone(facts.Nodes.Of(whole))
		for i := range all {
			change(&all[i])
		}
		return facts.Present(facts.Nodes, all)
	}
	pools := func(change func(*facts.NodePool)) facts.Observation {
		all := slices.Clone(facts.GKENodePools.Of(whole))
		for i := range all {
			change(&all[i])
		}
		return facts.Present(facts.GKENodePools, all)
	}
	cluster := facts.GKECluster.Of(whole)
	cluster.Name, cluster.Location = "other", "us-east1"
	ghosts := nodes(func(n *facts.Node) { n.Pool = "ghost" })
	broken := pools(func(p *facts.NodePool) {
		if p.Name == "batch" {
			p.Status = "ERROR"
		}
	})
	ill := nodes(func(n *facts.Node) {
		n.Conditions = []facts.Condition{{Type: "Ready", Status: "False", Reason: "KubeletNotReady"}}
	})
	away := slices.Clone(facts.Endpoints.Of(whole))
	for i := range away {
		away[i].Endpoints = slices.Clone(away[i].Endpoints)
		for n := range away[i].Endpoints {
			away[i].Endpoints[n].Ready = false
		}
	}
	asked := slices.Clone(facts.Attempts.Of(whole))
	for i := range asked {
		if asked[i].Webhook != "" {
			asked[i].Answer, asked[i].Fault = facts.NoEndpoints, facts.NoneReady
		}
	}
	for _, c := range []struct {
		name  string
		with  facts.Observation
		steps string
		code  int
		says  string
	}{
		{"as it was", facts.Present(facts.Nodes, facts.Nodes.Of(whole)), "all", preflight.ExitReady, "READY"},
		{"nodes of a pool that is not listed", ghosts, "default-pool", preflight.ExitInconclusive, "NodePool ghost"},
		{"how long that takes", ghosts, "default-pool", preflight.ExitInconclusive, "default-pool takes: not known"},
		{"the same, for the control plane", ghosts, "control-plane", preflight.ExitReady, "READY"},
		{"no pools are listed", facts.Present(facts.GKENodePools, []facts.NodePool{}), "nodes", preflight.ExitInconclusive, "NodePool default-pool"},
		{"the pool itself is broken", broken, "batch", preflight.ExitNotReady, "GP502"},
		{"another pool is broken", broken, "default-pool", preflight.ExitReady, "READY"},
		{"no node is ready", ill, "all", preflight.ExitNotReady, "GP202"},
		{"no node is ready, for the control plane", ill, "control-plane", preflight.ExitReady, "READY"},
		{"nobody is ready behind a webhook that answered", facts.Present(facts.Endpoints, away), "control-plane", preflight.ExitInconclusive, "it answered when it was asked, and when the cluster was read its Service had no ready endpoint"},
		{"the same, for nodes", facts.Present(facts.Endpoints, away), "nodes", preflight.ExitInconclusive, "it answered when it was asked"},
		{"a webhook is ready, and was not there to be asked", facts.Present(facts.Attempts, asked), "control-plane", preflight.ExitNotReady, "had no ready endpoint when it was asked, and had 2 of 2 when the cluster was read"},
		{"of another cluster", facts.Present(facts.GKECluster, cluster), "all", preflight.ExitCouldNotRun, "gke-cluster.json is of cluster other in us-east1, and meta.json of prod in europe-west1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "recording.zip")
			if err := keep(file, whole.With(c.with)); err != nil {
				t.Fatal(err)
			}
			var out bytes.Buffer
			code := run([]string{"check", "--snapshot", file, "--as-of", "2026-11-30", "--max-age", "0", "--steps", c.steps}, stdio{strings.NewReader(""), &out, &out})
			if code != c.code || !strings.Contains(strings.Join(strings.Fields(out.String()), " "), c.says) {
				t.Errorf("exit code %d, want %d and %q:\n%s", code, c.code, c.says, out.String())
			}
		})
	}
}

// inTwoPools is the recording of the healthy cluster with a second Pod behind its webhook, in
// the other node pool: no upgrade of one takes both.
func inTwoPools(t *testing.T) *facts.Snapshot {
	t.Helper()
	s, err := load(root + "testdata/recorded/all-clear.zip")
	if err != nil {
		t.Fatal(err)
	}
	endpoints, pods := slices.Clone(facts.Endpoints.Of(s)), slices.Clone(facts.BackendPods.Of(s))
	e, p := endpoints[0].Endpoints[0], pods[0]
	e.IP, e.Pod, e.Node = "10.77.1.101", "opa-6b7f9c5d48-other", "gke-prod-batch-2c104bc0-0000"
	p.Name, p.IPs, p.Node = e.Pod, []string{e.IP}, e.Node
	endpoints[0].Endpoints = append(slices.Clone(endpoints[0].Endpoints), e)
	m := s.Meta
	m.PerEndpoint = false // each answer is that of the Service
	return s.With(facts.Present(facts.Endpoints, endpoints), facts.Present(facts.BackendPods, append(pods, p))).WithMeta(m)
}
