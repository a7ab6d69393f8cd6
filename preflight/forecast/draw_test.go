package forecast

import (
	"fmt"
	"testing"
	"time"

	"github.com/gke-preflight/gke-preflight/preflight/admission"
	"github.com/gke-preflight/gke-preflight/preflight/bootstrap"
)

// endpoints are k of n that come to bad, before those that answer at once.
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
	for _, c := range []struct {
		name     string
		bad      bound
		k, n     int
		eachCall bool
		want     string
	}{
		{"hung", hung, 1, 2, false, ""},
		{"hung", hung, 1, 3, false, ""},
		{"refused", refused, 1, 2, false, ""},
		{"denied", denied, 1, 2, false, ""},
		{"slow", bound{cost: 4 * time.Second}, 1, 2, false, ""},
		{"hung", hung, 1, 2, true, ""},
		{"hung", hung, 1, 3, true, ""},
		{"hung5", hung5, 2, 3, true, ""},
		{"hung5", hung5, 1, 2, true, ""},
		{"hung3", bound{rejects: true, cost: 3 * time.Second, breaks: true}, 1, 3, true, ""},
		{"refused", refused, 1, 2, true, ""},
		{"refused", refused, 2, 3, true, ""},
		{"denied", denied, 1, 2, true, ""},
		{"slow", bound{cost: 4 * time.Second}, 1, 2, true, ""},
	} {
		writes := 6
		if c.eachCall {
			writes = 12
		}
		begin := time.Now()
		ps := possible(rbac, drawnWrites(writes, endpointsOf(c.k, c.n, c.bad)), ends{}, c.eachCall, true)
		for _, p := range ps {
			t.Logf("%v %s %d of %d, each call %v: %s %v %v certain %v", time.Since(begin), c.name, c.k, c.n, c.eachCall, p.Outcome, *p.Chance, p.Seconds, p.Certain)
		}
	}
}
