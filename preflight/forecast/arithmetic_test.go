package forecast

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/gke-preflight/gke-preflight/preflight/admission"
	"github.com/gke-preflight/gke-preflight/preflight/bootstrap"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// TestManyAddresses is a cluster with 1,000 ClusterIPs on its way to 1.33, where
// a healthy webhook sees each IPAddress that is created. Twenty are asked about.
func TestManyAddresses(t *testing.T) {
	hook := bootstrap.Hook{Name: "start-service-ip-repair-controllers", Failing: bootstrap.ExitAtDeadline, Deadline: time.Minute, Blocks: true}
	by := []admission.Interception{{Kind: admission.ValidatingWebhook, Name: "netpol", Webhook: "netpol", Fails: true, Timeout: 10 * time.Second}}
	for _, c := range []struct {
		each    func(n int) int64
		outcome Outcome
		says    string
	}{
		{func(n int) int64 { return 78 + int64(n%5) }, CrashLoop, "1000 writes take"},
		{func(n int) int64 { return 2 }, Delayed, ""},
		{func(n int) int64 { return 40 + int64(n%20)*2 }, Unknown, ""},
		{func(n int) int64 { return map[bool]int64{true: 100, false: 3}[n == 0] }, Delayed, "1000 writes take"},
	} {
		var attempts []facts.Attempt
		var writes []bootstrap.Write
		for n := range 1000 {
			w := bootstrap.Write{Hook: hook.Name, Operation: bootstrap.Create, Name: fmt.Sprintf("10.0.%d.%d", n/250, n%250),
				Resource: schema.GroupVersionResource{Group: "networking.k8s.io", Version: "v1", Resource: "ipaddresses"}}
			writes = append(writes, w)
			if n%50 == 0 {
				attempts = append(attempts, facts.Attempt{Type: "Validating", Config: "netpol", Webhook: "netpol", Write: w.Key(),
					Vantage: facts.PodNetwork, Target: "10.4.0.7:443", Answer: facts.Allowed, Milliseconds: c.each(n / 50)})
			}
		}
		caller := newCaller(facts.New(facts.Meta{}), attempts)
		var tried []simulated
		for _, w := range writes {
			tried = append(tried, caller.simulate(w, by, writeLimit))
		}
		h := foretell(hook, tried, ends{})
		if h.Outcome != c.outcome || !strings.Contains(h.Reason, c.says) {
			t.Errorf("%s, want %s: writes take %s: %s", h.Outcome, c.outcome, h.WritesSeconds, h.Reason)
		}
		if found := (ControlPlane{}).AtFault(h); len(found) != 1 || found[0].Name != "netpol" || len(found[0].Writes) != 1000 {
			t.Errorf("%s: not the webhook that takes the time is at fault, but %v", h.Outcome, found)
		}
		if c.outcome == CrashLoop && !strings.Contains(h.Reason, "netpol: 1000 × 80 ms") {
			t.Errorf("the arithmetic is missing: %s", h.Reason)
		}
	}
}
