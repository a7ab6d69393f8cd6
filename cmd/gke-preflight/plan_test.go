package main

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/gke-preflight/gke-preflight/preflight"
)

// TestPlanContactsNobody holds what a plan without an upgrade asks the GKE API against
// what one with an upgrade does.
func TestPlanContactsNobody(t *testing.T) {
	var asked atomic.Int64
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		w.WriteHeader(http.StatusForbidden)
	}))
	t.Cleanup(api.Close)
	for file, want := range map[string]struct {
		code int
		asks bool
	}{"labels.json": {preflight.ExitReady, false}, "one.json": {preflight.ExitInconclusive, true}} {
		asked.Store(0)
		code := run([]string{"plan", filepath.Join(root, "testdata/terraform", file), "--gke-endpoint", api.URL}, stdio{nil, io.Discard, os.Stderr})
		if code != want.code || (asked.Load() > 0) != want.asks {
			t.Errorf("%s: exit code %d after %d questions, want %+v", file, code, asked.Load(), want)
		}
	}
}

// TestPlans judges plans on which the program was wrong once, over a cluster whose control
// plane is in order, over one whose nodes are as well, and over the incident's, and reads what it says: the table, and what the JSON
// has beside it.
func TestPlans(t *testing.T) {
	recordings := map[string]string{"all-clear": t.TempDir(), "incident": t.TempDir(), "two pools": t.TempDir()}
	for name, dir := range recordings {
		s := inTwoPools(t)
		if name != "two pools" {
			var err error
			if s, err = load(filepath.Join(root, "testdata/recorded", name+".zip")); err != nil {
				t.Fatal(err)
			}
		}
		if err := keep(filepath.Join(dir, "acme-prod_europe-west1_prod.zip"), s); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		plan, over string
		code       int
		says       string
	}{
		{"emulated-complete", "incident", 3, "desired_emulated_version (none) -> 1.36: the two-step upgrade is completed"},
		{"beta-apis", "incident", 3, "the control plane starts anew (inferred)"},
		{"beta-apis", "all-clear", 0, "ready to be applied"},
		{"np-kubelet", "incident", 3, "node_config.kubelet_config.cpu_manager_policy (none) -> static: nodes are made anew"},
		{"np-image", "incident", 3, "node_config.image_type test-image_type -> UBUNTU_CONTAINERD: nodes are made anew"},
		{"nodepool-inline-image", "incident", 3, "node pool pool-1: node_config.image_type"},
		{"np-above", "all-clear", 3, "GP525, node pool pool-1 is to run 1.37.1-gke.1, which is newer than the control plane's 1.36.3-gke.1104000"},
		{"np-ver", "all-clear", 3, "GP525"},
		{"np-ver-selflink", "incident", 3, "acme-prod/europe-west1/prod"},
		{"down-np", "all-clear", 3, "with a control plane of 1.36.3-gke.1104000: GP525, node pool pool-1 is to run 1.33.1-gke.1, which is not on offer for nodes in europe-west1"},
		{"cl-delete", "all-clear", 3, "the cluster is deleted, with all that runs on it"},
		{"timeout75", "all-clear", 0, "timeouts.update is 75m, where the provider itself waits 60m (90m since 7.30)"},
		{"pool-outlasts-timeout", "all-clear", 3, "Nodes of default-pool: NOT READY: 1 blocker to their upgrade"},
		{"np-kubelet", "two pools", 4, "GP502, node pool pool-1 is to be changed, and the cluster had no such node pool when it was looked at: it had batch, default-pool"},
		{"nodepool-inline-image", "two pools", 4, "GP502, node pool pool-1 is to be changed"},
		{"pool-outlasts-timeout", "two pools", 0, "the pipeline gives up on node pool default-pool after 30 minutes, and its upgrade takes 12 minutes to 6 hours"},
		{"bom", "all-clear", 0, "min_master_version 1.35.4-gke.1000 -> 1.36"},
		{"utf16", "all-clear", 0, "min_master_version 1.35.4-gke.1000 -> 1.36"},
		{"wrapper", "all-clear", 0, "min_master_version 1.35.4-gke.1000 -> 1.36"},
		{"planlog", "all-clear", 1, "is the log of plan -json, which does not hold the plan; make it by terraform plan -out=tfplan"},
	} {
		t.Run(c.plan+" over "+c.over, func(t *testing.T) {
			var out bytes.Buffer
			file := filepath.Join(t.TempDir(), "plan.json")
			code := run([]string{"plan", filepath.Join(root, "testdata/terraform/plans", c.plan+".json"), "--snapshots", recordings[c.over], "--as-of", "2026-11-30T04:00:00Z",
				"-o", "table", "-o", "json=" + file}, stdio{nil, &out, &out})
			// No plan, no report.
			b, _ := os.ReadFile(file)
			text := strings.Join(strings.Fields(out.String()+" "+string(b)), " ")
			if code != c.code || !strings.Contains(text, c.says) {
				t.Errorf("exit code %d, want %d and %q:\n%s", code, c.code, c.says, out.String())
			}
			if strings.Contains(text, "To begin it") || strings.Contains(c.plan, "np") && strings.Contains(text, "--master") {
				t.Errorf("a command upgrades the control plane:\n%s", out.String())
			}
		})
	}
}
