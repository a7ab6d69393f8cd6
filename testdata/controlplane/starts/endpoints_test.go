package starts

import (
	"flag"
	"fmt"
	"slices"
	"testing"
	"time"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"

	"github.com/gke-preflight/gke-preflight/gke/controlplane"
	"github.com/gke-preflight/gke-preflight/gke/controlplane/rig"
	"github.com/gke-preflight/gke-preflight/preflight/forecast"
)

var rounds = flag.Int("rounds", 5, "how many upgrades TestEndpoints gives each case")

// A badness is what is wrong with a Pod behind the webhook.
type badness struct {
	name    string
	backend rig.BackendOptions
	// stopped says that nothing listens.
	stopped bool
}

func badnesses() []badness {
	return []badness{
		{name: "hung", backend: rig.BackendOptions{Behaviour: controlplane.Hang()}},
		{name: "refusing", stopped: true},
		{name: "denying", backend: rig.BackendOptions{Behaviour: controlplane.Deny("no", 0)}},
		{name: "slow", backend: rig.BackendOptions{Behaviour: controlplane.Slow(4 * time.Second)}},
		{name: "with a wrong certificate", backend: rig.BackendOptions{Names: []string{"somewhere.else.svc"}}},
	}
}

// TestEndpoints upgrades again and again with k of n bad Pods behind a webhook on RBAC,
// over the hop before which an API server keeps to one connection and over the one from
// which on it picks an endpoint for each call. What happens is among what was foretold;
// where one outcome was, it always happens.
func TestEndpoints(t *testing.T) {
	rig.Require(t)
	for _, hop := range [][2]string{{"1.35", "1.36"}, {"1.36", "1.37"}} {
		for _, of := range [][2]int{{1, 2}, {1, 3}, {2, 3}} {
			for _, b := range badnesses() {
				t.Run(fmt.Sprintf("%s to %s/%d of %d %s", hop[0], hop[1], of[0], of[1], b.name), func(t *testing.T) {
					t.Parallel()
					open := 0
					for range *rounds {
						if !b.upgrade(t, hop[0], hop[1], of[0], of[1]) {
							open++
						}
					}
					if open > 1 {
						t.Errorf("%d of %d forecasts were left open", open, *rounds)
					}
				})
			}
		}
	}
}

// upgrade makes one upgrade of a cluster of its own: what a start has written stays. It
// reports whether anything was foretold of it.
func (b badness) upgrade(t *testing.T, from, to string, k, n int) bool {
	t.Helper()
	c := rig.Start(t, controlplane.Options{Minor: from})
	defer c.Stop()
	onRBAC(t, c, b.pods(t, c, k, n), admissionregistrationv1.Fail, 10, "*")
	cp := foretold(t, c, to)
	out, err := c.Upgrade(t.Context(), to, controlplane.UpgradeOptions{Bound: 4 * time.Minute})
	must(t, err)
	t.Logf("foretold %s: %s", mayCome(cp), out)
	if cp.Outcome == forecast.Unknown && cp.Possible == nil {
		return false
	}
	happened := func(p forecast.Possibility) bool { return p.Outcome.Fails() == (out.State != controlplane.Ready) }
	ps := slices.DeleteFunc(mayComeOf(cp), func(p forecast.Possibility) bool { return !happened(p) })
	if len(ps) == 0 {
		t.Errorf("the new replica %s, which is not among what was foretold: %s", out, mayCome(cp))
	}
	if !slices.ContainsFunc(ps, func(p forecast.Possibility) bool { return within(p.Seconds, out.After, out.Answered) }) {
		t.Errorf("the new replica %s, and that at no time foretold: %s", out, mayCome(cp))
	}
	return true
}

// pods starts the Pods of one Service, the first k of them bad, and returns the last.
func (b badness) pods(t *testing.T, c *rig.Cluster, k, n int) (last *rig.Backend) {
	t.Helper()
	ca, err := controlplane.NewAuthority("rig-webhook-ca")
	must(t, err)
	for i := range n {
		o := rig.BackendOptions{}
		if i < k {
			o = b.backend
		}
		o.Namespace, o.Service, o.Authority = "opa", "opa", ca
		o.Pod, o.Node = fmt.Sprintf("opa-%d", i), fmt.Sprintf("node-%d", i+1)
		last, err = c.StartBackend(t.Context(), o)
		must(t, err)
		if i < k && b.stopped {
			last.Stop()
		}
	}
	return last
}

// mayComeOf are what may come of the replica; one where no draw decides.
func mayComeOf(cp forecast.ControlPlane) []forecast.Possibility {
	if cp.Possible != nil {
		return slices.Clone(cp.Possible)
	}
	s := cp.ReadyAfterSeconds
	if cp.ExitsAfterSeconds != nil {
		s = cp.ExitsAfterSeconds
	}
	return []forecast.Possibility{{Outcome: cp.Outcome, Certain: true, Seconds: s}}
}

func mayCome(cp forecast.ControlPlane) (said string) {
	for _, p := range mayComeOf(cp) {
		said += fmt.Sprintf("%s, certain %t, %s; ", p.Outcome, p.Certain, p.Seconds)
	}
	return said
}

// within reports whether the time is one foretold, give or take what this machine took
// until the hooks began, which on one of its own is seconds.
func within(s *forecast.Seconds, after, slack time.Duration) bool {
	return s != nil && after.Seconds() >= s.Min-slack.Seconds() && after.Seconds() <= s.Max+slack.Seconds()
}
