package target_test

import (
	"strings"
	"testing"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/target"
)

var (
	regular = facts.Present(facts.GKECluster, facts.ClusterConfig{Channel: "REGULAR", Version: "1.35.4-gke.100"})
	noGroup = facts.Present(facts.GKECluster, facts.ClusterConfig{Version: "1.35.4-gke.100"})
	offers  = facts.Present(facts.GKEServerConfig, facts.ServerConfig{
		DefaultVersion: "1.35.4-gke.100",
		MasterVersions: []string{"1.36.3-gke.200", "1.36.3-gke.1000", "1.35.4-gke.100", "1.34.9-gke.7"},
		Channels: []facts.Channel{
			{Name: "STABLE", DefaultVersion: "1.34.9-gke.7"},
			{Name: "RAPID", DefaultVersion: "1.37.0-gke.5", Versions: []string{"1.37.0-gke.5"}, UpgradeTarget: "1.37.0-gke.5"},
			{Name: "REGULAR", DefaultVersion: "1.36.2-gke.9", Versions: []string{"1.36.2-gke.9", "1.36.3-gke.200", "1.35.4-gke.100", "1.34.9-gke.7"}, UpgradeTarget: "1.36.2-gke.9"},
		},
	})
	upgrade = facts.Present(facts.GKEUpgradeInfo, facts.UpgradeInfo{MinorTarget: "1.36.2-gke.9", PatchTarget: "1.35.5-gke.1"})
	patch   = facts.Present(facts.GKEUpgradeInfo, facts.UpgradeInfo{PatchTarget: "1.35.5-gke.1"})
	running = facts.Present(facts.ServerVersion, facts.Version{GitVersion: "v1.35.4"})
	soaking = facts.Present(facts.ServerVersion, facts.Version{GitVersion: "v1.35.4", Emulated: "1.34"})
	soak    = facts.Present(facts.GKECluster, facts.ClusterConfig{Channel: "REGULAR", Version: "1.35.4-gke.100", EmulatedVersion: "1.34"})
	leftOut = facts.Absent(facts.GKEServerConfig, facts.LeftOut, "--no-gke")
)

func TestResolve(t *testing.T) {
	type observations = []facts.Observation
	for _, tc := range []struct {
		name   string
		known  observations
		asked  string
		want   string
		origin string
	}{
		{"a minor without the GKE API", observations{running, leftOut}, "1.36", "1.36", "--target-version 1.36"},
		{"a patch without the GKE API", observations{running, leftOut}, "v1.36.3", "1.36.3", "v1.36.3"},
		{"the running minor", observations{running, leftOut}, "1.35", "1.35", ""},
		{"the running patch, whose build is unknown", observations{regular, leftOut}, "1.35.4", "1.35.4", ""},
		{"an older patch", observations{regular, leftOut}, "1.35.2", "1.35.2", "--target-version 1.35.2"},
		{"the minor that is emulated", observations{soaking, leftOut}, "1.34", "1.34", "--target-version 1.34"},
		{"the minor that is emulated, no longer offered", observations{soaking, offers}, "1.34.8", "1.34.8", "--target-version 1.34.8"},
		{"the minor that GKE says is emulated", observations{soak, offers}, "1.34", "1.34.9-gke.7", "channel REGULAR"},
		{"nothing known", nil, "1.36.3-gke.1", "1.36.3-gke.1", ""},
		{"a minor in the channel", observations{regular, offers}, "1.36", "1.36.3-gke.200", "the newest on offer in the cluster's channel REGULAR"},
		{"a patch in the channel", observations{regular, offers}, "1.36.2", "1.36.2-gke.9", "channel REGULAR"},
		{"builds are numbers", observations{noGroup, offers}, "1.36", "1.36.3-gke.1000", "for a cluster in no channel"},
		{"a minor of another channel", observations{regular, offers}, "1.37", "1.37.0-gke.5", "on offer in channel RAPID, not yet in the cluster's channel REGULAR"},
		{"a build outside of channels", observations{regular, offers}, "1.36.3-gke.1000", "1.36.3-gke.1000", "outside of channels"},
		{"latest in the channel", observations{regular, offers}, "latest", "1.36.3-gke.200", "channel REGULAR"},
		{"latest in no channel", observations{noGroup, offers}, "latest", "1.36.3-gke.1000", "no channel"},
		{"the channel's default", observations{regular, offers}, "-", "1.36.2-gke.9", "the default in the cluster's channel REGULAR"},
		{"the default of no channel", observations{noGroup, offers}, "-", "1.35.4-gke.100", "the default for a cluster in no channel"},
		{"the version that runs", observations{regular, offers}, "running", "1.35.4-gke.100", "the version that runs, as when a replica"},
		{"the version that runs, whose build is unknown", observations{running, leftOut}, "running", "1.35.4", "the version that runs"},
		{"another channel's default", observations{regular, offers}, "rapid", "1.37.0-gke.5", "the default of channel RAPID"},
		{"another channel, behind what runs", observations{regular, offers}, "stable", "1.35.4-gke.100", "newer than the default of channel STABLE"},
		{"next minor", observations{regular, offers, upgrade}, "", "1.36.2-gke.9", "the minor that GKE would upgrade the cluster to next"},
		{"next patch", observations{regular, offers, patch}, "", "1.35.5-gke.1", "the patch that GKE would upgrade the cluster to next"},
		{"the channel's upgrade target", observations{regular, offers}, "", "1.36.2-gke.9", "the upgrade target of channel REGULAR"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, origin, err := target.Resolve(tc.asked, facts.New(facts.Meta{}, tc.known...))
			if err != nil || got != tc.want || !strings.Contains(origin, tc.origin) {
				t.Errorf("got %q from %q, %v; want %q from %q", got, origin, err, tc.want, tc.origin)
			}
		})
	}
}

func TestResolveErrors(t *testing.T) {
	type observations = []facts.Observation
	for _, tc := range []struct {
		name  string
		known observations
		asked string
		want  string
	}{
		{"no version", observations{running}, "newest", `--target-version: "newest" is not a version such as 1.36, 1.36.3 or 1.36.3-gke.100; latest, -, running and the names of channels are the aliases`},
		{"not offered", observations{regular, offers}, "1.99", "GKE offers no 1.99: the nearest versions on offer are 1.37.0-gke.5, 1.36.3-gke.1000"},
		{"no such build", observations{regular, offers}, "1.36.3-gke.500", "GKE offers no 1.36.3-gke.500: the nearest versions on offer are 1.37.0-gke.5, 1.36.3-gke.1000, 1.36.3-gke.200, 1.36.2-gke.9"},
		{"older", observations{running, leftOut}, "1.34", "1.34 is an older minor than 1.35.4, which the control plane runs: it can't go back to one; pass a newer --target-version"},
		{"older, though offered", observations{regular, offers}, "1.34.9", "1.34.9-gke.7 is an older minor than 1.35.4-gke.100, which the control plane runs: it can't go back to one; pass a newer --target-version"},
		{"older, and no longer offered", observations{regular, offers}, "1.30.1", "1.30.1 is an older minor than 1.35.4-gke.100, which the control plane runs: it can't go back to one; pass a newer --target-version"},
		{"older than the emulated", observations{soaking, leftOut}, "1.33", "1.33 is an older minor than 1.35.4, which the control plane runs: it can't go back to one; pass a newer --target-version"},
		{"an older patch that is not offered", observations{regular, offers}, "1.35.3", "GKE offers no 1.35.3: the nearest versions on offer are 1.36.2-gke.9, 1.35.4-gke.100, 1.34.9-gke.7"},
		{"alias without the GKE API", observations{running, leftOut}, "latest", "--target-version latest is for the GKE API to resolve, which told of no versions (left-out: --no-gke): pass a version such as 1.36"},
		{"what runs, which is unknown", observations{leftOut}, "running", "--target-version running: which version runs is unknown: pass one such as 1.36"},
		{"none without the GKE API", observations{running, leftOut}, "", "which version to upgrade to is unknown (the GKE API: left-out: --no-gke): pass --target-version, such as 1.36"},
		{"none known", observations{noGroup, offers}, "", "GKE names no version that it would upgrade the cluster to: pass --target-version, such as 1.36.3-gke.1000"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, _, err := target.Resolve(tc.asked, facts.New(facts.Meta{}, tc.known...))
			if err == nil || err.Error() != tc.want {
				t.Errorf("got %q, %v\nwant %s", got, err, tc.want)
			}
		})
	}
}
