package cure

import (
	"slices"
	"strings"
	"testing"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/google/go-cmp/cmp"

	"github.com/gke-preflight/gke-preflight/preflight/admission"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/forecast"
)

type kind = schema.GroupResource

const denying = `
-- validating-policies.yaml --
- metadata: {name: protect-system-roles}
  spec:
    failurePolicy: Fail
    matchConstraints: {resourceRules: [{apiGroups: [rbac.authorization.k8s.io], apiVersions: ["*"], operations: ["*"], resources: [clusterroles]}]}
    validations: [{expression: '!object.metadata.name.startsWith("system:")', message: hands off}]
-- validating-policy-bindings.yaml --
- metadata: {name: everywhere}
  spec: {policyName: protect-system-roles, validationActions: [Deny]}
`

// TestSet needs both patches: each alone leaves the other in the way.
func TestSet(t *testing.T) {
	s := recording(t, frozen+denying)
	p, after := With(s, Options{Alone: true})
	if len(p.Cures) != 2 || len(p.Left) > 0 {
		t.Fatalf("%d cures, left: %+v", len(p.Cures), p.Left)
	}
	for _, c := range p.Cures {
		if c.After.Outcome != forecast.Ready || c.Alone.Outcome != forecast.CrashLoop {
			t.Errorf("%s: %s where nothing else is in the way, %s alone", c.Name, c.After.Outcome, c.Alone.Outcome)
		}
	}
	if p.Before.Outcome != forecast.CrashLoop || p.After.Outcome != forecast.Ready || forecast.Of(after).ControlPlane.Outcome != forecast.Ready {
		t.Errorf("%s before, %s after", p.Before.Outcome, p.After.Outcome)
	}
	if !strings.HasPrefix(p.Cures[0].Command+p.Cures[1].Command, "kubectl patch validating") || !strings.Contains(p.Cures[0].Manifest+p.Cures[1].Manifest, "spec:\n  matchConditions:") {
		t.Errorf("commands and manifests:\n%+v", p.Cures)
	}
}

// TestOthersStay proves over the patched snapshot that the object is
// still there and judges everybody else.
func TestOthersStay(t *testing.T) {
	s := recording(t, denying)
	_, after := With(s, Options{})
	w := probeOf(t, after)
	w.User.Name, w.User.Groups = "alice", []string{"system:authenticated"}
	found := admission.Match(after, w)
	if !slices.ContainsFunc(found, func(i admission.Interception) bool { return i.Name == "protect-system-roles" && i.Denial != "" }) {
		t.Errorf("alice may do what the policy forbids: %+v", found)
	}
}

// TestDryRuns leaves out those that the patched object stopped, and keeps those
// that something else did.
func TestDryRuns(t *testing.T) {
	s := recording(t, frozen)
	w := probeOf(t, s)
	with := func(detail string, answer facts.Answer) *facts.Snapshot {
		dryRun := facts.Attempt{Write: w.Key(), Vantage: facts.ServerDryRun, As: w.User.Name, Answer: answer, Status: 504, Detail: detail}
		return s.With(facts.Present(facts.Attempts, append(slices.Clone(facts.Attempts.Of(s)), dryRun)))
	}
	for name, c := range map[string]struct {
		detail string
		answer facts.Answer
		want   forecast.Outcome
	}{
		"its own failure": {`Internal error occurred: failed calling webhook "validating-webhook.openpolicyagent.org": deadline`, facts.Denied, forecast.Ready},
		"given up":        {"", facts.Hung, forecast.Ready},
		"another's no":    {`admission plugin "PodSecurity" says no`, facts.Denied, forecast.CrashLoop},
	} {
		p, _ := With(with(c.detail, c.answer), Options{})
		if p.After.Outcome != c.want {
			t.Errorf("%s: %s after, want %s; left: %+v", name, p.After.Outcome, c.want, p.Left)
		}
	}
}

func TestRefused(t *testing.T) {
	rename := func(to string) *facts.Snapshot {
		s := recording(t, frozen)
		all := slices.Clone(facts.ValidatingWebhooks.Of(s))
		all[0].Name = to
		attempts := slices.Clone(facts.Attempts.Of(s))
		attempts[0].Config = to
		return s.With(facts.Present(facts.ValidatingWebhooks, all), facts.Present(facts.Attempts, attempts))
	}
	twice := recording(t, frozen)
	configs := slices.Clone(facts.ValidatingWebhooks.Of(twice))
	configs[0].Webhooks = append(slices.Clone(configs[0].Webhooks), configs[0].Webhooks[0])
	twice = twice.With(facts.Present(facts.ValidatingWebhooks, configs))
	url := "https://localhost:5443/warden"
	gke := change(recording(t, frozen), func(w *admissionregistrationv1.ValidatingWebhook) {
		w.Name, w.ClientConfig = "warden-validating.common-webhooks.networking.gke.io", admissionregistrationv1.WebhookClientConfig{URL: &url}
	})
	attempts := slices.Clone(facts.Attempts.Of(gke))
	attempts[0].Webhook, attempts[0].Target = "warden-validating.common-webhooks.networking.gke.io", url
	gke = gke.With(facts.Present(facts.Attempts, attempts))
	for name, c := range map[string]struct {
		s    *facts.Snapshot
		want string
	}{
		"a name to break out":  {rename("opa'; rm -rf /; '"), "none that an API server accepts"},
		"a name with newlines": {rename("opa\nkubectl delete ns opa"), "none that an API server accepts"},
		"a path":               {rename("../../etc/passwd"), "none that an API server accepts"},
		"two of one name":      {twice, "two of its webhooks"},
		"GKE's own":            {gke, "GKE itself"},
	} {
		p, after := With(c.s, Options{})
		if len(p.Cures) > 0 || len(p.Left) == 0 || !strings.Contains(p.Left[0].Reason, c.want) {
			t.Errorf("%s: cures %+v, left %+v", name, p.Cures, p.Left)
		}
		if forecast.Of(after).ControlPlane.Outcome != forecast.CrashLoop {
			t.Errorf("%s: %s without any patch", name, p.After.Outcome)
		}
	}
}

// TestMutatingPolicy patches a policy of which only a beta version is served.
func TestMutatingPolicy(t *testing.T) {
	s := recording(t, `
-- mutating-policies.yaml --
- metadata: {name: stamp}
  spec:
    failurePolicy: Fail
    reinvocationPolicy: Never
    matchConstraints: {resourceRules: [{apiGroups: [rbac.authorization.k8s.io], apiVersions: ["*"], operations: ["*"], resources: [clusterroles]}]}
    mutations: [{patchType: JSONPatch, jsonPatch: {expression: '[JSONPatch{op: "add", path: "/metadata/labels/" + string(1 / 0), value: "x"}]'}}]
-- mutating-policy-bindings.yaml --
- metadata: {name: everywhere}
  spec: {policyName: stamp}
`)
	served := append(slices.Clone(facts.APIResources.Of(s)), facts.APIResource{Group: "admissionregistration.k8s.io", Version: "v1beta1", Resource: "mutatingadmissionpolicies"})
	s = s.With(facts.Present(facts.APIResources, slices.DeleteFunc(served, func(r facts.APIResource) bool {
		return r.Resource == "mutatingadmissionpolicies" && r.Version == "v1"
	})))
	for way, want := range map[Way]forecast.Outcome{MatchConditions: forecast.Ready, FailurePolicy: forecast.Ready} {
		p, _ := With(s, Options{Way: way})
		if len(p.Cures) != 1 || p.Before.Outcome != forecast.CrashLoop || p.After.Outcome != want {
			t.Fatalf("%s: %d cures turn %s into %s; left: %+v", way, len(p.Cures), p.Before.Outcome, p.After.Outcome, p.Left)
		}
		holdManifest(t, string(way), s, p.Cures[0])
		if !strings.HasPrefix(p.Cures[0].Manifest, "apiVersion: admissionregistration.k8s.io/v1beta1\nkind: MutatingAdmissionPolicy\n") {
			t.Errorf("the manifest is\n%s", p.Cures[0].Manifest)
		}
	}
}

// A webhook that only takes its time is kept out of all that one which is quick is kept
// out of as a precaution: either backend may hang next.
func TestSlowAndQuickAreExemptedAlike(t *testing.T) {
	quick := recorded(t, "all-clear")
	attempts := slices.Clone(facts.Attempts.Of(quick))
	for n := range attempts {
		attempts[n].Milliseconds = 900
	}
	was, slow := Of(quick), Of(quick.With(facts.Present(facts.Attempts, attempts)))
	if len(was.Precautions) != 1 || len(slow.Cures) != 1 {
		t.Fatalf("%d precautions and, slow, %d cures", len(was.Precautions), len(slow.Cures))
	}
	if diff := cmp.Diff(string(was.Precautions[0].Patch), string(slow.Cures[0].Patch)); diff != "" || slow.Before.Outcome != forecast.Delayed {
		t.Errorf("%s: %s", slow.Before.Outcome, diff)
	}
}
