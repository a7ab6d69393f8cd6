package wayback_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/wayback"
)

var (
	now    = time.Date(2026, 11, 23, 2, 0, 0, 0, time.UTC)
	until  = now.Add(26 * time.Hour)
	server = facts.Present(facts.ServerVersion, facts.Version{GitVersion: "v1.35.4-gke.200"})
	soaks  = facts.Present(facts.ServerVersion, facts.Version{GitVersion: "v1.36.3-gke.100", Emulated: "1.35"})
	offer  = facts.Present(facts.GKEServerConfig, facts.ServerConfig{MasterVersions: []string{"1.36.3-gke.100", "1.35.4-gke.200"}, NodeVersions: []string{"1.36.3-gke.100", "1.35.4-gke.200"}})
	plain  = facts.Present(facts.GKESettings, facts.ClusterSettings{})
	pools  = facts.Present(facts.GKENodePools, []facts.NodePool{{Name: "a", Version: "1.35.4-gke.200"}})
	lost   = facts.Absence{Reason: facts.Forbidden, Detail: "no"}
)

func ends(at time.Time) facts.Observation {
	return facts.Present(facts.GKEUpgradeInfo, facts.UpgradeInfo{Rollback: &facts.Rollback{Mode: "KCP_MINOR_UPGRADE_ROLLBACK_SAFE_MODE", Until: at, Previous: "1.35.4-gke.200"}})
}

// Nobody is told of a way back that there is none of, or of which something decides that
// was not seen.
func TestOfControlPlane(t *testing.T) {
	day := int64(86400)
	for _, c := range []struct {
		name, target string
		seen         []facts.Observation
		want         wayback.Back
	}{
		{"the next minor at once", "1.36.3-gke.100", []facts.Observation{server, plain}, wayback.Back{Way: wayback.OneStep, Choice: true}},
		{"before there were two steps", "1.32", []facts.Observation{facts.Present(facts.ServerVersion, facts.Version{GitVersion: "v1.31.4"}), plain}, wayback.Back{Way: wayback.OneStep}},
		{"whether it goes in two steps was not read", "1.36.3-gke.100", []facts.Observation{server, {Fact: facts.GKESettings, Absence: lost}},
			wayback.Back{Way: wayback.OneStep, Choice: true, Open: "whether the cluster is set up for two steps was not read (forbidden: no)"}},
		{"in two steps", "1.36.3-gke.100", []facts.Observation{server, facts.Present(facts.GKESettings, facts.ClusterSettings{SoakSeconds: &day})},
			wayback.Back{Way: wayback.TwoSteps, To: "1.35.4-gke.200", SoakSeconds: day}},
		{"between the steps", "1.36.3-gke.100", []facts.Observation{soaks, ends(until), pools}, wayback.Back{Way: wayback.Soaking, To: "1.35.4-gke.200", Until: until}},
		{"between the steps, after nodes", "1.36.3-gke.100", []facts.Observation{soaks, ends(until), facts.Present(facts.GKENodePools, []facts.NodePool{{Name: "a", Version: "1.35.4-gke.200"}, {Name: "b", Version: "1.36.3-gke.100"}})},
			wayback.Back{Way: wayback.Soaking, To: "1.35.4-gke.200", Until: until, Newer: []string{"b"}}},
		{"between the steps, nodes not read", "1.36.3-gke.100", []facts.Observation{soaks, ends(until), {Fact: facts.GKENodePools, Absence: lost}},
			wayback.Back{Way: wayback.Soaking, To: "1.35.4-gke.200", Until: until, Open: "whether nodes are newer by now was not read (forbidden: no)"}},
		{"the soak is over", "1.36.3-gke.100", []facts.Observation{soaks, ends(now), pools}, wayback.Back{Way: wayback.SoakOver, To: "1.35.4-gke.200", Until: now}},
		{"how long it soaks was not read", "1.36.3-gke.100", []facts.Observation{soaks, {Fact: facts.GKEUpgradeInfo, Absence: lost}},
			wayback.Back{Way: wayback.Unknown, To: "1.35", Open: "until when it can be rolled back was not read (forbidden: no)"}},
		{"how long it soaks was not told", "1.36.3-gke.100", []facts.Observation{soaks, facts.Present(facts.GKEUpgradeInfo, facts.UpgradeInfo{})},
			wayback.Back{Way: wayback.Unknown, To: "1.35", Open: "GKE does not say for how long it can be rolled back"}},
		{"back", "1.35.4-gke.200", []facts.Observation{soaks, ends(until)}, wayback.Back{Way: wayback.RollBack}},
		{"a patch", "1.35.9-gke.100", []facts.Observation{server, offer}, wayback.Back{Way: wayback.Patch, To: "1.35.4-gke.200"}},
		{"a patch from one that is gone", "1.35.9-gke.100", []facts.Observation{server, facts.Present(facts.GKEServerConfig, facts.ServerConfig{MasterVersions: []string{"1.35.9-gke.100"}})},
			wayback.Back{Way: wayback.Withdrawn, To: "1.35.4-gke.200"}},
		{"a patch, the offer not read", "1.35.9-gke.100", []facts.Observation{server, {Fact: facts.GKEServerConfig, Absence: lost}},
			wayback.Back{Way: wayback.Patch, To: "1.35.4-gke.200", Open: "whether GKE still offers it was not read (forbidden: no)"}},
		{"what runs", "1.35.4-gke.200", []facts.Observation{server, offer}, wayback.Back{Way: wayback.Same}},
		{"two minors", "1.37", []facts.Observation{server, plain}, wayback.Back{Way: wayback.Refused}},
		{"no target", "", []facts.Observation{server, plain}, wayback.Back{Way: wayback.Unknown, Open: "no target version is known: name one with --target-version"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := facts.New(facts.Meta{CollectedAt: now, Target: c.target}, c.seen...)
			if d := cmp.Diff(c.want, wayback.OfControlPlane(s)); d != "" {
				t.Error(d)
			}
		})
	}
}

// Of node pools each has a way of its own, and only those that are upgraded are told of.
func TestOfNodes(t *testing.T) {
	week := int64(7 * 86400)
	all := facts.Present(facts.GKENodePools, []facts.NodePool{
		{Name: "surge", Version: "1.35.4-gke.200"}, {Name: "blue", Version: "1.35.4-gke.200", Upgrade: facts.UpgradeSettings{Strategy: "BLUE_GREEN", PoolSoakSeconds: &week}},
		{Name: "gone", Version: "1.35.1-gke.1"}, {Name: "preset", Version: "1.35.4-gke.200", Upgrade: facts.UpgradeSettings{Strategy: "BLUE_GREEN"}},
	})
	s := facts.New(facts.Meta{CollectedAt: now, Target: "1.36.3-gke.100"}, all, offer)
	want := wayback.Back{Way: wayback.ByPool, Pools: []wayback.Pool{
		{Name: "surge", Way: wayback.Remade, To: "1.35.4-gke.200"}, {Name: "blue", Way: wayback.BlueGreen, To: "1.35.4-gke.200", SoakSeconds: week},
		{Name: "gone", Way: wayback.NotOffered, To: "1.35.1-gke.1"}, {Name: "preset", Way: wayback.BlueGreen, To: "1.35.4-gke.200", SoakSeconds: 3600},
	}}
	if d := cmp.Diff(want, wayback.OfNodes(s, nil)); d != "" {
		t.Error(d)
	}
	if b := wayback.OfNodes(s, []string{"blue"}); len(b.Pools) != 1 || b.Pools[0].Name != "blue" {
		t.Errorf("of one pool: %+v", b)
	}
	old := facts.New(facts.Meta{Target: "1.38"}, facts.Present(facts.GKENodePools, []facts.NodePool{{Name: "a", Version: "1.35.4-gke.200"}}), offer)
	if b := wayback.OfNodes(old, nil); b.Pools[0].Way != wayback.TooOld {
		t.Errorf("three minors behind: %+v", b)
	}
	for name, c := range map[string]struct {
		seen []facts.Observation
		way  wayback.Way
		open bool
	}{
		"the pools were not read": {[]facts.Observation{{Fact: facts.GKENodePools, Absence: lost}, offer}, wayback.Unknown, true},
		"the offer was not read":  {[]facts.Observation{all, {Fact: facts.GKEServerConfig, Absence: lost}}, wayback.ByPool, true},
		"Autopilot":               {[]facts.Observation{facts.Present(facts.GKECluster, facts.ClusterConfig{Autopilot: true}), all}, wayback.Managed, false},
	} {
		if b := wayback.OfNodes(facts.New(facts.Meta{Target: "1.36"}, c.seen...), nil); b.Way != c.way || (b.Open != "") != c.open {
			t.Errorf("%s: %+v", name, b)
		}
	}
}
