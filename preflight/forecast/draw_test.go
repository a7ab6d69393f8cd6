package forecast

import (
	"fmt"
	"testing"
	"time"

	"github.com/gke-preflight/gke-preflight/preflight/admission"
	"github.com/gke-preflight/gke-preflight/preflight/bootstrap"
)

// endpointsOf are k of n that come to bad, before those that answer at once.
func endpointsOf(k, n int, bad bound) []at {
	ats := make([]at, n)
	for e := range ats {
		ats[e] = at{name: fmt.Sprint("pod-", e), call: certain(bound{cost: 3 * time.Millisecond})}
		if e < k {
			ats[e].call = certain(bad)
		}
	}
	return ats
}

func drawnWrites(n int, ats []at) []simulated {
	by := []admission.Interception{{Kind: admission.ValidatingWebhook, Name: "opa", Webhook: "opa", Fails: true, Timeout: 10 * time.Second}}
	writes := make([]simulated, n)
	for i := range writes {
		writes[i] = simulated{Write: role(fmt.Sprint("role-", i)), by: by, calls: []call{several(ats)}, limit: writeLimit}
		writes[i].meet()
	}
	return writes
}

// TestDrawsAsMeasured holds what is foretold of k of n bad Pods, behind a webhook on
// RBAC, against what real upgrades came to: from 1.35 to 1.36, which make 6 writes,
// and from 1.36 to 1.37, which make 12.
func TestDrawsAsMeasured(t *testing.T) {
	rbac := bootstrap.Hook{Name: "rbac/bootstrap-roles", Failing: bootstrap.ExitAfterPasses, Deadline: 30 * time.Second, Interval: time.Second, Blocks: true}
	hung := bound{rejects: true, cost: 10 * time.Second, breaks: true}
	hung5 := bound{rejects: true, cost: 5 * time.Second, breaks: true}
	refused := bound{rejects: true, breaks: true}
	denied := bound{rejects: true}
	hung3 := bound{rejects: true, cost: 3 * time.Second, breaks: true}
	for _, c := range []struct {
		name     string
		bad      bound
		k, n     int
		eachCall bool
		// low and high bound the share of the starts that exit.
		low, high float64
	}{
		{"hung", hung, 1, 2, false, 0.007, 0.009},
		{"hung", hung, 1, 4, false, 0, 0},
		{"refused", refused, 1, 2, false, 0, 0},
		{"denied", denied, 1, 2, false, 0.5, 0.5},
		{"denied", denied, 2, 3, false, 0.66, 0.67},
		{"hung", hung, 1, 2, true, 0.9, 1},
		{"hung", hung, 1, 3, true, 0.6, 0.8},
		{"hung for 5 s", hung5, 2, 3, true, 0.98, 1},
		{"hung for 3 s", hung3, 1, 3, true, 0.05, 0.2},
		{"refused", refused, 1, 2, true, 0, 0},
		{"refused", refused, 2, 3, true, 0, 0},
		{"denied", denied, 1, 2, true, 0, 0},
		{"slow", bound{cost: 4 * time.Second}, 1, 2, true, 0, 0},
	} {
		writes := 6
		if c.eachCall {
			writes = 12
		}
		sum, exits := 0.0, 0.0
		for _, p := range possible(rbac, drawnWrites(writes, endpointsOf(c.k, c.n, c.bad)), ends{}, c.eachCall, true) {
			sum += p.Chance.Max
			if p.Outcome.Fails() {
				exits = p.Chance.Max
			}
			if !p.Certain {
				t.Errorf("%s, %d of %d: %s is not certain, though every endpoint was asked", c.name, c.k, c.n, p.Outcome)
			}
		}
		if exits < c.low || exits > c.high {
			t.Errorf("%s, %d of %d, each call %t: %v of the starts exit, want %v to %v", c.name, c.k, c.n, c.eachCall, exits, c.low, c.high)
		}
		if sum < 0.99 || sum > 1.01 {
			t.Errorf("%s, %d of %d, each call %t: the chances add up to %v", c.name, c.k, c.n, c.eachCall, sum)
		}
	}
}
