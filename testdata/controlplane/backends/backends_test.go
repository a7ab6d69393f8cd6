// Package backends stages everything that can be wrong with a webhook's backend
// on a real control plane, and holds what the tool finds against it, and against
// what the API server itself says.
package backends

import (
	"fmt"
	"math/rand/v2"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/gke-preflight/gke-preflight/checks"
	"github.com/gke-preflight/gke-preflight/gke/controlplane"
	"github.com/gke-preflight/gke-preflight/gke/controlplane/rig"
	"github.com/gke-preflight/gke-preflight/gke/dial"
	"github.com/gke-preflight/gke-preflight/gke/kube"
	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/probe"
	"github.com/gke-preflight/gke-preflight/testdata/controlplane/bound"
	"github.com/gke-preflight/gke-preflight/testdata/controlplane/program"
)

func TestMain(m *testing.M) { os.Exit(rig.Main(m)) }

// TestFaults has every fault at once, each a webhook of its own.
func TestFaults(t *testing.T) {
	c := rig.Start(t, controlplane.Options{})
	tool := tool(rig.Tool(t))
	var hooks []hook
	for _, f := range faults() {
		hooks = append(hooks, hook{f.name, []fault{f}, patience})
	}
	stageAll(t, c, hooks)
	time.Sleep(2 * time.Second)
	var inside, outside preflight.Report
	var wg sync.WaitGroup
	wg.Go(func() { inside = tool.check(t, c.Kubeconfig, "--vantage", "pod-network") })
	wg.Go(func() { outside = tool.check(t, c.Kubeconfig, "--vantage", "service-proxy") })
	wg.Wait()
	for _, h := range hooks {
		t.Run(h.name, func(t *testing.T) {
			h.judge(t, inside.Findings, false)
			h.judge(t, outside.Findings, true)
			if h.faults[0].outside == unseen && !open(outside, h) {
				t.Error("from outside it is neither found nor open")
			}
		})
	}
	askServer(t, c, hooks)
}

// open reports whether something about the webhook is left open.
func open(r preflight.Report, h hook) bool {
	for _, o := range r.Open {
		if o.Subject.Name == h.name || o.Check == "GP119" {
			return true
		}
	}
	return false
}

// TestFifty has fifty webhooks, each with what the dice say.
func TestFifty(t *testing.T) {
	c := rig.Start(t, controlplane.Options{})
	hooks := fifty()
	stageAll(t, c, hooks)
	s, took := observe(t, c)
	var fs []preflight.Finding
	for _, r := range preflight.Run(s, checks.All()) {
		fs = append(fs, r.Findings...)
	}
	for _, h := range hooks {
		h.judge(t, fs, false)
	}
	onlyOnce(t, s)
	t.Logf("probing took %.2f times the slowest timeout", took.Seconds()/slowest(hooks).Seconds())
}

// onlyOnce: no webhook's timeout was waited for twice, so that all questions take
// about as long as the slowest of them.
func onlyOnce(t *testing.T, s *facts.Snapshot) {
	t.Helper()
	waited := map[string]int{}
	for _, a := range facts.Attempts.Of(s) {
		if a.Answer.Hangs() {
			waited[a.Webhook+a.Target]++
		}
	}
	if len(waited) < 3 {
		t.Errorf("only %d hung: the dice prove nothing", len(waited))
	}
	for who, n := range waited {
		if n > 1 {
			t.Errorf("%s: waited for %d times", who, n)
		}
	}
}

// fifty are webhooks with a fault each, and some with two.
func fifty() (hooks []hook) {
	dice := rand.New(rand.NewPCG(50, 14))
	all := faults()
	// What a bad caBundle does not hide, and the caBundles that do not hide it.
	apart := map[string][]fault{}
	for _, f := range []fault{noService, noPort, noEndpoint, noneReady} {
		apart[f.name] = []fault{noBundle, badBundle, oldAuthority}
	}
	for _, f := range []fault{refused, hangs} {
		apart[f.name] = []fault{noBundle, oldAuthority}
	}
	for n := range 50 {
		f := all[dice.IntN(len(all))]
		h := hook{fmt.Sprintf("h%02d-%s", n, f.name), []fault{f}, patience}
		if f.check == "GP113" {
			h.timeout = []time.Duration{4, 7, 10}[dice.IntN(3)] * time.Second
		}
		if second := apart[f.name]; second != nil && dice.IntN(2) == 0 {
			g := second[dice.IntN(len(second))]
			h.name += "-" + g.name
			h.faults = append(h.faults, g)
		}
		hooks = append(hooks, h)
	}
	return hooks
}

func slowest(hooks []hook) (d time.Duration) {
	for _, h := range hooks {
		d = max(d, h.timeout)
	}
	return d
}

// observe does what the command does from inside the cluster, and tells how long
// the questions took.
func observe(t testing.TB, c *rig.Cluster) (*facts.Snapshot, time.Duration) {
	t.Helper()
	s := facts.New(facts.Meta{Target: rig.Newest(t).Version, CollectedAt: time.Now().UTC().Truncate(time.Second)}, kube.Collect(t.Context(), c.Config, kube.Options{})...)
	requests := probe.Plan(s, probe.All(s), probe.Options{Vantage: facts.PodNetwork})
	begin := time.Now()
	attempts := dial.Probe(t.Context(), requests, dial.Clients{Config: c.Config, Inside: true})
	return s.With(facts.Present(facts.Attempts, attempts)), time.Since(begin)
}

// BenchmarkFifty holds the time that all questions of [TestFifty] take against
// the slowest timeout.
func BenchmarkFifty(b *testing.B) {
	const most = 1.15
	c := rig.Start(b, controlplane.Options{})
	hooks := fifty()
	stageAll(b, c, hooks)
	b.ResetTimer()
	for range b.N {
		_, took := observe(b, c)
		ratio := took.Seconds() / slowest(hooks).Seconds()
		b.ReportMetric(0, "ns/op")
		b.ReportMetric(took.Seconds(), "probe-s")
		b.ReportMetric(ratio, "ratio")
		bound.Hold(b, "asking 50 webhooks with faults at random, against the slowest timeout", ratio, most, "times")
	}
}

// A tool is the path of the binary.
type tool string

// check runs the tool as a user would and reads its report.
func (x tool) check(t *testing.T, kubeconfig string, args ...string) (r preflight.Report) {
	t.Helper()
	if _, err := program.Ask(t, string(x), &r, "check", kubeconfig, args...); err != nil {
		t.Error(err)
	}
	return r
}
