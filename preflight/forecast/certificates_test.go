package forecast

import (
	"strings"
	"testing"
	"time"

	"github.com/gke-preflight/gke-preflight/preflight/admission"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// TestCertificates is about what port-forwards add to what the service proxy
// showed: it never becomes more than was seen.
func TestCertificates(t *testing.T) {
	failing := admission.Interception{Kind: admission.ValidatingWebhook, Name: "opa", Webhook: "opa", Fails: true, Timeout: 30 * time.Second}
	opening := failing
	opening.Fails = false
	write := role("a")
	proxied := func(answer facts.Answer) facts.Attempt {
		return facts.Attempt{Type: "Validating", Config: "opa", Webhook: "opa", Vantage: facts.ServiceProxy, Target: "opa/opa:443", Write: write.Key(), Answer: answer, Milliseconds: 3}
	}
	pod := func(name string, answer facts.Answer, detail ...string) facts.Attempt {
		a := proxied(answer)
		a.Vantage, a.Target, a.Detail = facts.PortForward, "opa/"+name+":8443", strings.Join(detail, "")
		return a
	}
	const good, bad = facts.TLSOnly, facts.BadCertificate
	for name, c := range map[string]struct {
		by       admission.Interception
		attempts []facts.Attempt
		want     Effect
		// says is part of the reason, and worst the longest that the call takes.
		says  string
		worst time.Duration
	}{
		"nobody looked":                      {by: failing, attempts: []facts.Attempt{proxied(facts.Allowed)}, want: Undecided, says: "permit a port-forward"},
		"the only Pod's certificate is good": {by: failing, attempts: []facts.Attempt{proxied(facts.Allowed), pod("a", good)}, want: Passes},
		"all Pods' certificates are good":    {by: failing, attempts: []facts.Attempt{pod("a", good), pod("b", good), proxied(facts.Allowed)}, want: Passes},
		"one of two Pods could not be asked": {by: failing, attempts: []facts.Attempt{proxied(facts.Allowed), pod("a", good), pod("b", facts.CouldNotAsk, "no permission")},
			want: Undecided, says: "is not known: no permission"},
		"one of many was not asked": {by: failing, attempts: []facts.Attempt{proxied(facts.Allowed), pod("a", good), pod("b", facts.NotAsked, "only 16")},
			want: Undecided, says: "is not known: only 16"},
		"one of two Pods' certificates is bad": {by: failing, attempts: []facts.Attempt{proxied(facts.Allowed), pod("a", good), pod("b", bad, "expired")}, want: Undecided, says: "expired"},
		"all Pods' certificates are bad":       {by: failing, attempts: []facts.Attempt{proxied(facts.Allowed), pod("a", bad, "expired"), pod("b", bad, "expired")}, want: Rejects, says: "expired"},
		"one is bad and the other not known":   {by: failing, attempts: []facts.Attempt{proxied(facts.Allowed), pod("a", bad, "expired"), pod("b", facts.CouldNotAsk, "no kubelet")}, want: Undecided},
		"one of two Pods hangs":                {by: failing, attempts: []facts.Attempt{proxied(facts.Allowed), pod("a", good), pod("b", facts.HungBeforeTLS)}, want: Undecided},
		"one of two Pods speaks no TLS":        {by: failing, attempts: []facts.Attempt{proxied(facts.Allowed), pod("a", good), pod("b", facts.BadAnswer)}, want: Undecided},

		"it denies behind a good certificate":                                 {by: failing, attempts: []facts.Attempt{proxied(facts.Denied), pod("a", good)}, want: Rejects},
		"it denies behind a bad one, failing open":                            {by: opening, attempts: []facts.Attempt{proxied(facts.Denied), pod("a", bad)}, want: Passes},
		"it hangs behind a bad certificate":                                   {by: opening, attempts: []facts.Attempt{proxied(facts.Hung), pod("a", bad)}, want: Passes},
		"it hangs, and before TLS":                                            {by: opening, attempts: []facts.Attempt{proxied(facts.Hung), pod("a", facts.HungBeforeTLS)}, want: Slows, worst: tlsHandshakeTimeout},
		"it hangs behind a good certificate":                                  {by: opening, attempts: []facts.Attempt{proxied(facts.Hung), pod("a", good)}, want: Slows, worst: 30 * time.Second},
		"it is not asked, and its certificate is good":                        {by: failing, attempts: []facts.Attempt{proxied(facts.NotAsked), pod("a", good)}, want: Undecided},
		"it is not asked, and its certificate is bad":                         {by: failing, attempts: []facts.Attempt{proxied(facts.NotAsked), pod("a", bad)}, want: Rejects},
		"nobody could ask, and the certificate is good":                       {by: failing, attempts: []facts.Attempt{proxied(facts.CouldNotAsk), pod("a", good)}, want: Undecided},
		"nobody is there":                                                     {by: failing, attempts: []facts.Attempt{proxied(facts.NoEndpoints), pod("a", good)}, want: Rejects},
		"the service proxy can't connect, though the Pod's localhost is well": {by: failing, attempts: []facts.Attempt{proxied(facts.Refused), pod("a", good)}, want: Rejects},
	} {
		t.Run(name, func(t *testing.T) {
			by := []admission.Interception{c.by}
			caller := newCaller(facts.New(facts.Meta{}), c.attempts)
			caller.prove(write, by)
			w := caller.simulate(write, by, writeLimit)
			if got := w.effect(); got != c.want {
				t.Errorf("the write %s, want %s", got, c.want)
			}
			k := caller.of(c.by, write)
			if !strings.Contains(k.detail, c.says) {
				t.Errorf("%q does not say %q", k.detail, c.says)
			}
			if c.worst != 0 && k.worst.cost != c.worst {
				t.Errorf("it takes %v at worst, want %v", k.worst.cost, c.worst)
			}
		})
	}
}
