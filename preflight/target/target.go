// Package target works out which version an upgrade leads to.
package target

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/version"
)

// Running is the target that a control plane has whose replica is replaced by one of
// the same version, as in a repair.
const Running = "running"

// ErrNoNext says that the GKE API tells of no version that it would upgrade to.
var ErrNoNext = errors.New("GKE names no version that it would upgrade the cluster to")

// Resolve works out the version that an upgrade would lead to, and says in
// words where it comes from. asked is what the user wants: a minor, a patch
// version, a GKE version, or one of GKE's aliases "latest" and "-", the default
// of the cluster's channel, or "running", the version that runs. Where the GKE API told what is on offer, it becomes
// the newest version that fits; otherwise it stays as it is. If nothing is
// asked, it is what GKE would upgrade the cluster to next, or the second step of a
// two-step upgrade between its steps; the error is [ErrNoNext] if that is nothing.
func Resolve(asked string, s *facts.Snapshot) (target, origin string, err error) {
	r := newResolver(s)
	var v version.Version
	switch asked {
	case "":
		v, origin, err = r.next()
	case "latest", "-":
		v, origin, err = r.alias(asked)
	case Running:
		v, origin, err = r.same()
	case "rapid", "regular", "stable", "extended":
		v, origin, err = r.moved(strings.ToUpper(asked))
	default:
		v, origin, err = r.fit(asked)
	}
	if err != nil {
		return "", "", err
	}
	if r.back(v) {
		return "", "", fmt.Errorf("%s is an older minor than %s, which the control plane runs: it can't go back to one; pass a newer --target-version", v, *r.running)
	}
	return v.String(), origin, nil
}

// Check returns what is wrong with a target, as [Resolve] takes it, whatever
// the cluster is; nil where only that or the GKE API can tell. noGKE says that the GKE
// API is left out.
func Check(asked string, noGKE bool) error {
	switch asked {
	case Running:
		return nil
	case "", "latest", "-", "rapid", "regular", "stable", "extended":
		if !noGKE {
			return nil
		}
	}
	_, _, err := Resolve(asked, facts.New(facts.Meta{}, facts.Absent(facts.GKEServerConfig, facts.LeftOut, "--no-gke")))
	return err
}

// A resolver holds what the snapshot tells of versions.
type resolver struct {
	// running is nil where it is unknown.
	running *version.Version
	// emulated is the minor that a two-step upgrade can be rolled back to; nil
	// where there is none.
	emulated *version.Version
	// offers is empty, and absence set, where it is unknown what GKE offers.
	offers  []offer
	absence facts.Absence
	config  facts.ServerConfig
	upgrade facts.UpgradeInfo
	// channel is empty for a cluster in none.
	channel string
}

// An offer is the versions that a channel has, newest first. The channel is
// empty for those that a cluster in no channel can have.
type offer struct {
	channel  string
	versions []version.Version
}

func newResolver(s *facts.Snapshot) resolver {
	var r resolver
	cluster, _ := facts.GKECluster.Get(s)
	r.channel = cluster.Channel
	r.upgrade, _ = facts.GKEUpgradeInfo.Get(s)
	running, ok := facts.ServerVersion.Get(s)
	if v, err := version.Parse(cmp.Or(cluster.Version, running.GitVersion)); err == nil && (ok || cluster.Version != "") {
		r.running = &v
	}
	if v, err := version.Parse(cmp.Or(cluster.EmulatedVersion, running.Emulated)); err == nil {
		r.emulated = &v
	}
	r.absence, _ = s.Absence(facts.GKEServerConfig)
	if r.config, ok = facts.GKEServerConfig.Get(s); !ok {
		return r
	}
	r.offers = append(r.offers, offer{"", parseAll(r.config.MasterVersions)})
	for _, c := range r.config.Channels {
		r.offers = append(r.offers, offer{c.Name, parseAll(c.Versions)})
	}
	slices.SortStableFunc(r.offers, func(a, b offer) int { return rank(a, r.channel) - rank(b, r.channel) })
	return r
}

// rank puts the cluster's own channel first.
func rank(o offer, channel string) int {
	if o.channel == channel {
		return 0
	}
	return 1
}

func parseAll(in []string) []version.Version {
	var out []version.Version
	for _, s := range in {
		if v, err := version.Parse(s); err == nil {
			out = append(out, v)
		}
	}
	slices.SortFunc(out, func(a, b version.Version) int { return version.Compare(b, a) })
	return out
}

// back reports whether v is a minor that the control plane can't go back to. A
// patch of its own minor it can.
func (r resolver) back(v version.Version) bool {
	return r.running != nil && version.CompareLine(v, *r.running) < 0 && !r.rollsBack(v)
}

func (r resolver) rollsBack(v version.Version) bool {
	return r.emulated != nil && version.CompareLine(v, *r.emulated) == 0
}

// fits reports whether v is what asked says, as far as it says it.
func fits(v, asked version.Version) bool {
	return version.CompareLine(v, asked) == 0 && (asked.Patch < 0 || v.Patch == asked.Patch) && (asked.GKE < 0 || v.GKE == asked.GKE)
}

func (r resolver) fit(asked string) (version.Version, string, error) {
	want, err := version.Parse(asked)
	if err != nil {
		return want, "", fmt.Errorf("--target-version: %w; latest, -, running and the names of channels are the aliases", err)
	}
	if len(r.offers) == 0 {
		return want, "--target-version " + asked, nil
	}
	for _, o := range r.offers {
		if i := slices.IndexFunc(o.versions, func(v version.Version) bool { return fits(v, want) }); i >= 0 {
			return o.versions[i], "--target-version " + asked + ", " + r.describe(o), nil
		}
	}
	if r.back(want) || r.rollsBack(want) {
		return want, "--target-version " + asked, nil
	}
	return want, "", fmt.Errorf("GKE offers no %s: the nearest versions on offer are %s", want, strings.Join(r.nearest(want), ", "))
}

func (r resolver) describe(o offer) string {
	switch o.channel {
	case r.channel:
		return "the newest on offer" + inChannel(o.channel)
	case "":
		return "on offer outside of channels, not yet" + inChannel(r.channel)
	}
	return "on offer in channel " + o.channel + ", not yet" + inChannel(r.channel)
}

func inChannel(channel string) string {
	if channel == "" {
		return " for a cluster in no channel"
	}
	return " in the cluster's channel " + channel
}

// nearest returns the offered versions that come before and after want, newest first.
func (r resolver) nearest(want version.Version) []string {
	const each = 2
	var all []version.Version
	for _, o := range r.offers {
		all = append(all, o.versions...)
	}
	slices.SortFunc(all, func(a, b version.Version) int { return version.Compare(b, a) })
	all = slices.Compact(all)
	at, _ := slices.BinarySearchFunc(all, want, func(a, b version.Version) int { return version.Compare(b, a) })
	var out []string
	for _, v := range all[max(0, at-each):min(len(all), at+each)] {
		out = append(out, v.String())
	}
	return out
}

func (r resolver) alias(asked string) (version.Version, string, error) {
	if len(r.offers) == 0 {
		return version.Version{}, "", fmt.Errorf("--target-version %s is for the GKE API to resolve, which told of no versions (%s): pass a version such as 1.36", asked, r.absence)
	}
	own := r.offers[0]
	if asked == "latest" {
		if len(own.versions) == 0 {
			return version.Version{}, "", errors.New("GKE offers no version" + inChannel(r.channel) + ": pass --target-version with a version such as 1.36")
		}
		return own.versions[0], "--target-version latest, " + r.describe(own), nil
	}
	preset := r.config.DefaultVersion
	for _, c := range r.config.Channels {
		if c.Name == r.channel {
			preset = c.DefaultVersion
		}
	}
	v, err := version.Parse(preset)
	return v, "--target-version -, the default" + inChannel(r.channel), err
}

// same returns what the control plane runs.
func (r resolver) same() (version.Version, string, error) {
	if r.running == nil {
		return version.Version{}, "", errors.New("--target-version running: which version runs is unknown: pass one such as 1.36")
	}
	return *r.running, "the version that runs, as when a replica of the control plane is replaced", nil
}

// moved returns what GKE would upgrade a cluster to that moves into a channel; what
// runs, if that is newer than the channel's default.
func (r resolver) moved(channel string) (version.Version, string, error) {
	for _, c := range r.config.Channels {
		if c.Name != channel {
			continue
		}
		v, err := version.Parse(c.DefaultVersion)
		if err == nil && r.running != nil && version.Older(v, *r.running) {
			return *r.running, "what the control plane runs, which is newer than the default of channel " + channel, nil
		}
		return v, "the default of channel " + channel, err
	}
	return version.Version{}, "", fmt.Errorf("GKE tells of no channel %s here: pass --target-version with a version such as 1.36", channel)
}

// next returns what GKE would upgrade the cluster to by itself; between the steps of a
// two-step upgrade, to which the second one leads.
func (r resolver) next() (version.Version, string, error) {
	if r.running != nil && r.emulated != nil && version.CompareLine(*r.emulated, *r.running) < 0 {
		return *r.running, "the second step of the two-step upgrade that is under way", nil
	}
	candidates := []struct{ version, origin string }{
		{r.upgrade.MinorTarget, "the minor that GKE would upgrade the cluster to next"},
		{r.upgrade.PatchTarget, "the patch that GKE would upgrade the cluster to next"},
	}
	for _, c := range r.config.Channels {
		if c.Name == r.channel {
			candidates = append(candidates, struct{ version, origin string }{c.UpgradeTarget, "the upgrade target of channel " + c.Name})
		}
	}
	for _, c := range candidates {
		v, err := version.Parse(c.version)
		if err == nil && (r.running == nil || !version.Older(v, *r.running)) {
			return v, c.origin, nil
		}
	}
	if len(r.offers) > 0 {
		return version.Version{}, "", fmt.Errorf("%w: pass --target-version, such as %s", ErrNoNext, strings.Join(r.newer(), " or "))
	}
	return version.Version{}, "", fmt.Errorf("which version to upgrade to is unknown (the GKE API: %s): pass --target-version, such as 1.36", r.absence)
}

// newer suggests versions: the newest of the cluster's channel, or any.
func (r resolver) newer() []string {
	if own := r.offers[0].versions; len(own) > 0 {
		return []string{own[0].String()}
	}
	return []string{"1.36"}
}
