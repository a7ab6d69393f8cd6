package forecast

import (
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/gke-preflight/gke-preflight/preflight/admission"
	"github.com/gke-preflight/gke-preflight/preflight/bootstrap"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

func role(name string) bootstrap.Write {
	return bootstrap.Write{
		Hook: "rbac/bootstrap-roles", Operation: bootstrap.Create, Name: name, User: bootstrap.Loopback,
		Resource: schema.GroupVersionResource{Group: "rbac.authorization.k8s.io", Version: "v1", Resource: "clusterroles"},
	}
}

// TestWriteAgainstAttempts is about backends that do not all answer alike: what
// one of them lets through may meet another.
func TestWriteAgainstAttempts(t *testing.T) {
	failing := admission.Interception{Kind: admission.ValidatingWebhook, Name: "opa", Webhook: "opa", Fails: true, Timeout: 10 * time.Second}
	opening := failing
	opening.Fails = false
	const roleA, roleB, lease = "CREATE clusterroles.rbac.authorization.k8s.io a", "CREATE clusterroles.rbac.authorization.k8s.io b", "UPDATE leases.coordination.k8s.io kube-system/x"
	at := func(target, write string, answer facts.Answer) facts.Attempt {
		return facts.Attempt{Type: "Validating", Config: "opa", Webhook: "opa", Vantage: facts.PodNetwork, Target: target, Write: write, Answer: answer, Milliseconds: 3}
	}
	proxied := func(write string, answer facts.Answer) facts.Attempt {
		a := at("opa/opa:443", write, answer)
		a.Vantage = facts.ServiceProxy
		return a
	}
	url := func(answer facts.Answer) facts.Attempt {
		a := at("https://example.com/", roleA, answer)
		a.Vantage = facts.DirectURL
		return a
	}
	tried := func(as, detail string, answer facts.Answer, status int32) facts.Attempt {
		return facts.Attempt{Vantage: facts.ServerDryRun, Write: roleA, As: as, Answer: answer, Status: status, Detail: detail}
	}
	for name, c := range map[string]struct {
		by       admission.Interception
		attempts []facts.Attempt
		want     Effect
	}{
		"one of three replicas is dead, seen at another write": {failing, []facts.Attempt{
			at("10.0.0.1:443", roleA, facts.Allowed), at("10.0.0.1:443", roleB, facts.Allowed),
			at("10.0.0.2:443", roleB, facts.Refused), at("10.0.0.2:443", roleA, facts.NotAsked),
			at("10.0.0.3:443", roleA, facts.Allowed), at("10.0.0.3:443", roleB, facts.Allowed),
		}, Undecided},
		"all replicas answer": {failing, []facts.Attempt{
			at("10.0.0.1:443", roleA, facts.Allowed), at("10.0.0.2:443", roleB, facts.Allowed),
		}, Passes},
		"all replicas are dead": {failing, []facts.Attempt{
			at("10.0.0.1:443", roleB, facts.Refused), at("10.0.0.2:443", roleA, facts.ConnectTimeout),
		}, Rejects},
		"one replica could not be asked": {failing, []facts.Attempt{
			at("10.0.0.1:443", roleA, facts.Allowed), at("10.0.0.2:443", roleA, facts.CouldNotAsk),
		}, Undecided},
		"one of several behind the service proxy hangs": {opening, []facts.Attempt{
			proxied(roleA, facts.Allowed), proxied(roleB, facts.Hung),
		}, Undecided},
		"a hung question about something else says nothing": {opening, []facts.Attempt{
			proxied(roleA, facts.Allowed), proxied(lease, facts.Hung),
		}, Passes},
		"nothing but a hung question about something else": {failing, []facts.Attempt{proxied(lease, facts.Hung)}, Rejects},
		"another write is denied": {failing, []facts.Attempt{
			at("10.0.0.1:443", roleA, facts.Allowed), at("10.0.0.1:443", roleB, facts.Denied),
		}, Passes},
		"this write is denied": {failing, []facts.Attempt{
			at("10.0.0.1:443", roleA, facts.Denied), at("10.0.0.1:443", roleB, facts.Allowed),
		}, Rejects},
		"a URL that refuses, seen from here": {failing, []facts.Attempt{url(facts.Refused)}, Undecided},
		"a URL that hangs":                   {failing, []facts.Attempt{url(facts.Hung)}, Rejects},
		"the API server gave the dry-run up": {opening, []facts.Attempt{
			proxied(roleA, facts.CouldNotAsk), tried("system:apiserver", "", facts.Hung, 504),
		}, Rejects},
		"this tool stopped waiting for the dry-run": {opening, []facts.Attempt{
			proxied(roleA, facts.CouldNotAsk), tried("system:apiserver", "", facts.Hung, 0),
		}, Undecided},
		"a dry-run as somebody else met this webhook": {failing, []facts.Attempt{
			proxied(roleA, facts.CouldNotAsk), tried("jane", `Internal error occurred: failed calling webhook "opa": EOF`, facts.Denied, 500),
		}, Rejects},
		"a dry-run as somebody else met another webhook": {failing, []facts.Attempt{
			proxied(roleA, facts.CouldNotAsk), tried("jane", `Internal error occurred: failed calling webhook "people-only": EOF`, facts.Denied, 500),
		}, Undecided},
	} {
		t.Run(name, func(t *testing.T) {
			by := []admission.Interception{c.by}
			caller := newCaller(facts.New(facts.Meta{}), c.attempts)
			caller.prove(role("a"), by)
			if got := caller.simulate(role("a"), by, writeLimit).effect(); got != c.want {
				t.Errorf("the write %s, want %s", got, c.want)
			}
		})
	}
}
