package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/render"
	"github.com/gke-preflight/gke-preflight/preflight/target"
)

// soaking is a cluster that is well, between the steps of an upgrade to the target.
func soaking(t *testing.T, left time.Duration) *facts.Snapshot {
	t.Helper()
	s, err := load(root + "testdata/recorded/all-clear.zip")
	if err != nil {
		t.Fatal(err)
	}
	cluster, info, server := facts.GKECluster.Of(s), facts.GKEUpgradeInfo.Of(s), facts.ServerVersion.Of(s)
	before := cluster.Version
	cluster.Version, cluster.EmulatedVersion = s.Meta.Target, "1.36"
	server.GitVersion, server.Emulated = "v"+s.Meta.Target, "1.36"
	info.Rollback = &facts.Rollback{Mode: "KCP_MINOR_UPGRADE_ROLLBACK_SAFE_MODE", Until: s.Meta.CollectedAt.Add(left), Previous: before}
	return s.With(facts.Present(facts.GKECluster, cluster), facts.Present(facts.GKEUpgradeInfo, info), facts.Present(facts.ServerVersion, server))
}

// A job that runs every night is about the second step while the first one soaks, and
// fails on no night of it for that; the report says how to complete it, and until when
// there is a way back.
func TestSoakPeriod(t *testing.T) {
	for _, left := range []time.Duration{7 * 24 * time.Hour, time.Hour, -time.Hour} {
		s := soaking(t, left)
		next, origin, err := target.Resolve("", s)
		if err != nil || next != s.Meta.Target || !strings.Contains(origin, "second step") {
			t.Fatalf("%v left: %s, %s, %v", left, next, origin, err)
		}
		r := report(s, 0)
		if r.Verdict != preflight.Ready {
			t.Errorf("%v left: %s", left, r.Verdict)
		}
		var b bytes.Buffer
		if err := render.Table(&b, r, render.Options{Width: 200}); err != nil {
			t.Fatal(err)
		}
		back := "Way back: to 1.36.3-gke.1104000 until "
		if left < 0 {
			back = "Way back: none any more: the soak period ended at "
		}
		for _, want := range []string{back, "complete it", "gcloud container clusters complete-control-plane-upgrade prod --project acme-prod --location europe-west1"} {
			if !strings.Contains(b.String(), want) {
				t.Errorf("%v left: no %q in\n%s", left, want, b.String())
			}
		}
		if strings.Contains(b.String(), "clusters upgrade prod --master --cluster-version "+s.Meta.Target) {
			t.Errorf("%v left: advice to upgrade to what runs", left)
		}
	}
}
