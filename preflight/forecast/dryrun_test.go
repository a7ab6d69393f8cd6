package forecast

import (
	"cmp"
	"testing"
	"time"

	"github.com/gke-preflight/gke-preflight/preflight/admission"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// TestDryRunSays is about two webhooks that nobody could ask: the dry-run tells
// which of them denies, and how long it takes.
func TestDryRunSays(t *testing.T) {
	webhook := func(name string) admission.Interception {
		return admission.Interception{Kind: admission.ValidatingWebhook, Name: name, Webhook: name, Fails: true, Timeout: 10 * time.Second}
	}
	by := []admission.Interception{webhook("opa"), webhook("other")}
	for name, c := range map[string]struct{ said, culprit string }{
		"it names one that sees the write": {`admission webhook "opa" denied the request: no`, "opa"},
		"it names one that does not":       {`admission webhook "elsewhere" denied the request: no`, "server-side dry-run"},
		"it names nobody":                  {"forbidden", "server-side dry-run"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newCaller(facts.New(facts.Meta{}), []facts.Attempt{{
				Vantage: facts.ServerDryRun, Write: role("a").Key(), As: "system:apiserver", Answer: facts.Denied, Milliseconds: 200, Detail: c.said,
			}}).simulate(role("a"), by, writeLimit)
			if s := w.report().Seconds; !w.best.rejects || !w.worst.rejects || s != (Seconds{Min: 0.2, Max: 0.2}) {
				t.Errorf("%v to %v, which is %v", w.best, w.worst, s)
			}
			var culprits []string
			for _, i := range w.report().InterceptedBy {
				if i.Effect == Rejects {
					culprits = append(culprits, cmp.Or(i.Name, string(i.Kind)))
				}
			}
			if len(culprits) != 1 || culprits[0] != c.culprit {
				t.Errorf("the culprits are %q, want %s", culprits, c.culprit)
			}
		})
	}
}

// TestDryRunOfRunningServer has a policy whose parameters a new replica may not know yet,
// alone and behind a webhook that nobody could ask: that the running API server lets the
// write pass says nothing of the new one's first 30 s.
func TestDryRunOfRunningServer(t *testing.T) {
	policy := admission.Interception{Kind: admission.ValidatingPolicy, Name: "p", Webhook: "b", Fails: true, AtStart: "it may not know them"}
	webhook := admission.Interception{Kind: admission.MutatingWebhook, Name: "w", Webhook: "w", Fails: true, Timeout: time.Second}
	for name, by := range map[string][]admission.Interception{"alone": {policy}, "behind a webhook": {webhook, policy}} {
		w := newCaller(facts.New(facts.Meta{}), []facts.Attempt{{
			Vantage: facts.ServerDryRun, Write: role("a").Key(), As: "system:apiserver", Answer: facts.Allowed, Milliseconds: 20,
		}}).simulate(role("a"), by, writeLimit)
		if w.best.rejects || !w.worst.rejects || w.worst.until != admission.LearnsKindsWithin {
			t.Errorf("%s: %+v to %+v", name, w.best, w.worst)
		}
	}
}

// TestFirstExit has two hooks that exit, of which the one that may be the first
// may also be the last: whichever comes first ends the process.
func TestFirstExit(t *testing.T) {
	cp := ControlPlane{Hooks: []Hook{
		{Outcome: CrashLoop, Seconds: &Seconds{Min: 30.5, Max: 265}},
		{Outcome: CrashLoop, Seconds: &Seconds{Min: 60.5, Max: 64}},
	}}
	cp.sum()
	if s := cp.ExitsAfterSeconds; s == nil || *s != (Seconds{Min: 30.5, Max: 64}) {
		t.Errorf("it exits after %v", s)
	}
}
