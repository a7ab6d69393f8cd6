package forecast

import (
	"testing"
	"time"

	"github.com/gke-preflight/gke-preflight/preflight/admission"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// TestLate: an answer that comes after timeoutSeconds is none to the API server, which has
// gone by failurePolicy then. It counted as an answer however late it came, so that a webhook
// that no write gets through was green, and one that it does without a blocker.
func TestLate(t *testing.T) {
	const near = "that may be in time for the API server"
	for _, c := range []struct {
		name    string
		fails   bool
		answer  facts.Answer
		took    time.Duration
		vantage facts.Vantage
		want    Effect
		// cost is the longest that the write may take.
		cost time.Duration
	}{
		{"in time", true, facts.Allowed, 900 * time.Millisecond, facts.PodNetwork, Passes, 900 * time.Millisecond},
		{"late", true, facts.Allowed, 5 * time.Second, facts.PodNetwork, Rejects, time.Second},
		{"late through the proxy", true, facts.Allowed, 5 * time.Second, facts.ServiceProxy, Rejects, time.Second},
		{"late and done without", false, facts.Allowed, 9 * time.Second, facts.PodNetwork, Slows, time.Second},
		{"a denial that comes late", true, facts.Denied, 5 * time.Second, facts.PodNetwork, Rejects, time.Second},
		{"a denial that comes late, done without", false, facts.Denied, 5 * time.Second, facts.PodNetwork, Slows, time.Second},
		{near, true, facts.Allowed, 1100 * time.Millisecond, facts.PodNetwork, Undecided, time.Second},
		{near + ", done without", false, facts.Allowed, 1100 * time.Millisecond, facts.PodNetwork, Slows, time.Second},
		{near + ", a denial", false, facts.Denied, 1100 * time.Millisecond, facts.PodNetwork, Undecided, time.Second},
		{"a URL is as far from here as it is", true, facts.Allowed, 5 * time.Second, facts.DirectURL, Undecided, time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			by := admission.Interception{Kind: admission.ValidatingWebhook, Name: "opa", Webhook: "opa", Fails: c.fails, Timeout: time.Second}
			caller := newCaller(facts.New(facts.Meta{}), []facts.Attempt{{
				Type: "Validating", Config: "opa", Webhook: "opa", Vantage: c.vantage, Write: role("a").Key(), Answer: c.answer, Milliseconds: c.took.Milliseconds(),
			}})
			s := caller.simulate(role("a"), []admission.Interception{by}, writeLimit)
			if got := s.effect(); got != c.want {
				t.Errorf("the write %s, want %s: %+v", got, c.want, s.calls)
			}
			if got := s.worst.cost - undisturbedMax; got != c.cost {
				t.Errorf("it takes %v, want %v", got, c.cost)
			}
		})
	}
}
