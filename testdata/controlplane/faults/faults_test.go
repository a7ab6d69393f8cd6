// Package faults proves the table of hooks: for each hook it makes exactly one
// write fail, or take long, on a real API server that starts, and holds what
// becomes of the server against what the table says.
package faults

import (
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gke-preflight/gke-preflight/gke/controlplane"
	"github.com/gke-preflight/gke-preflight/gke/controlplane/binaries"
	"github.com/gke-preflight/gke-preflight/gke/controlplane/rig"
	"github.com/gke-preflight/gke-preflight/preflight/bootstrap"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

func TestMain(m *testing.M) { os.Exit(rig.Main(m)) }

// TestHooks runs each fault on the oldest tested minor that it holds for, where
// the row of the table begins, and on the newest. The everyday tests refuse a few
// writes on the newest minor alone: they have no room for a hook that is given a
// minute.
func TestHooks(t *testing.T) {
	for _, f := range faults() {
		for _, minor := range f.minors(t) {
			for _, how := range f.how {
				if how == slow && !all() {
					continue
				}
				t.Run(strings.Join([]string{f.hook, f.name, minor, string(how)}, " "), func(t *testing.T) {
					t.Parallel()
					f.prove(t, minor, how)
				})
			}
		}
	}
}

// TestEveryHookHasAFault: no row of the table is without a proof.
func TestEveryHookHasAFault(t *testing.T) {
	for _, minor := range bootstrap.Minors() {
		for _, h := range hooks(t, minor) {
			if !slices.ContainsFunc(faults(), func(f fault) bool { return f.hook == h.Name && f.holds(minor) }) {
				t.Errorf("%s: nothing proves what is said of %s", minor, h.Name)
			}
		}
	}
}

// A manner is what is done to the write.
type manner string

const (
	denied manner = "denied"
	slow   manner = "slow"
)

// A fault makes one write of one hook fail.
type fault struct {
	hook string
	// name tells apart the faults of one hook; may be empty.
	name string
	// since and until bound the minors, such as 1.33; empty for no bound.
	since, until string
	// write is the one that fails, as [controlplane.Describe] begins.
	write string
	how   []manner
	// code is the HTTP status of the refusal; zero for what a webhook's is without.
	code int32
	// tries is how often the write is sent; zero where the row tells.
	tries int
	// everyday: it is quick, and "make test" runs it.
	everyday bool
	// optional: the hook goes on without this write.
	optional bool
	// stage brings about that the write is needed. It runs while that write is
	// denied, so that no API server that runs makes it.
	stage func(*testing.T, *rig.Cluster)
	// flags are the new API server's own.
	flags func(*rig.Cluster) []string
	// sameHost: the new API server has the host name of the first one.
	sameHost bool
}

func (f fault) holds(minor string) bool {
	return minor >= f.since && (f.until == "" || minor <= f.until)
}

func (f fault) minors(t *testing.T) []string {
	t.Helper()
	tested, err := binaries.Tested()
	if err != nil {
		t.Fatal(err)
	}
	held := slices.DeleteFunc(tested, func(minor string) bool { return !f.holds(minor) })
	switch {
	case len(held) == 0, !all() && !f.everyday:
		return nil
	case !all(), len(held) == 1:
		return held[len(held)-1:]
	}
	return []string{held[0], held[len(held)-1]}
}

func all() bool { return os.Getenv(binaries.MinorsEnv) == "all" }

// slowness is what a slow write takes: longer than an API server needs to be
// ready otherwise.
const slowness = 15 * time.Second

func (f fault) prove(t *testing.T, minor string, how manner) {
	h := f.row(t, minor)
	c := rig.Start(t, controlplane.Options{Minor: minor})
	joined(t, c)
	backend := f.deny(t, c)
	f.stage(t, c)
	c.First.Stop()
	o := controlplane.UpgradeOptions{Bound: 20 * time.Second, Settle: 12 * time.Second, SameHost: f.sameHost}
	if f.flags != nil {
		o.Flags = f.flags(c)
	}
	if how == slow {
		backend.Behave(controlplane.Slow(slowness))
		o.Bound, o.Settle = time.Minute, o.Settle+slowness
	} else if exits := endsIn(t, minor, h); exits != nil {
		o.Bound = 2*exits.Deadline + time.Minute
	}
	begun := time.Now()
	out, err := c.Upgrade(t.Context(), minor, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%s, red last: %s", out, strings.Join(out.LastRed, ", "))
	if how == slow {
		f.judgeSlow(t, h, out, begun)
	} else {
		f.judgeDenied(t, minor, h, out)
	}
}

// row is what the table says of the fault's hook in that minor.
func (f fault) row(t *testing.T, minor string) bootstrap.Hook {
	t.Helper()
	all := hooks(t, minor)
	i := slices.IndexFunc(all, func(h bootstrap.Hook) bool { return h.Name == f.hook })
	if i < 0 {
		t.Fatalf("the table has no %s in %s", f.hook, minor)
	}
	return all[i]
}

func hooks(t *testing.T, minor string) []bootstrap.Hook {
	t.Helper()
	untouched, ok := bootstrap.Untouched(minor)
	if !ok {
		t.Fatalf("the catalogue does not hold %s", minor)
	}
	p := bootstrap.Of(facts.New(facts.Meta{Target: minor}, untouched...))
	if p.Problem != "" {
		t.Fatal(p.Problem)
	}
	return p.Hooks
}

// endsIn is the hook in which the process ends while a write of h fails: h, or
// one that waits for it; nil if it runs on.
func endsIn(t *testing.T, minor string, h bootstrap.Hook) *bootstrap.Hook {
	t.Helper()
	if h.Fatal() {
		return &h
	}
	for _, other := range hooks(t, minor) {
		if h.Failing == bootstrap.NeverReady && other.WaitsFor == h.Name && other.Fatal() {
			return &other
		}
	}
	return nil
}
