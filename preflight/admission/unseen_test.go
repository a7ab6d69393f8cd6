package admission_test

import (
	"testing"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"

	"github.com/gke-preflight/gke-preflight/preflight/admission"
	"github.com/gke-preflight/gke-preflight/preflight/bootstrap"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// TestUnseenChanges: what could not be read may change an object before a webhook's selector
// or condition is held against it. That was held against the object as it came: a webhook
// that is meant to pass others by was a certain blocker. What reads nothing of the object is
// as certain as ever, which it is that the rest of the report rests on.
func TestUnseenChanges(t *testing.T) {
	whole := node(true)
	whole.Sketch, whole.Labels = false, bootstrap.Labels{}
	deleted := whole
	deleted.Operation, deleted.Object, deleted.OldObject = bootstrap.Delete, nil, whole.Object
	linux := selector{MatchLabels: map[string]string{"kubernetes.io/os": "linux"}}
	conditions := func(e string) func(*admissionregistrationv1.MutatingWebhook) {
		return func(h *admissionregistrationv1.MutatingWebhook) {
			h.MatchConditions = []admissionregistrationv1.MatchCondition{{Name: "c", Expression: e}}
		}
	}
	selects := func(h *admissionregistrationv1.MutatingWebhook) { h.ObjectSelector = &linux }
	all := func(*admissionregistrationv1.MutatingWebhook) {}
	gone := func(f facts.Fact, r facts.Reason) facts.Observation { return facts.Absent(f, r, "") }
	noBindings := facts.Present(facts.MutatingPolicyBindings, []admissionregistrationv1.MutatingAdmissionPolicyBinding{})
	noPolicies := facts.Present(facts.MutatingPolicies, []admissionregistrationv1.MutatingAdmissionPolicy{})
	for _, c := range []struct {
		name   string
		change func(*admissionregistrationv1.MutatingWebhook)
		w      bootstrap.Write
		with   []facts.Observation
		want   string
	}{
		{"all was read", selects, whole, nil, "seen"},
		{"by labels", selects, whole, []facts.Observation{gone(facts.MutatingPolicies, facts.Forbidden)}, "undecided"},
		{"by labels, and no policy is bound", selects, whole, []facts.Observation{gone(facts.MutatingPolicies, facts.Forbidden), noBindings}, "seen"},
		{"by labels, bindings unread", selects, whole, []facts.Observation{gone(facts.MutatingPolicyBindings, facts.Timeout)}, "undecided"},
		{"by labels, bindings unread of no policy", selects, whole, []facts.Observation{gone(facts.MutatingPolicyBindings, facts.Timeout), noPolicies}, "seen"},
		{"by labels of what is deleted", selects, deleted, []facts.Observation{gone(facts.MutatingPolicies, facts.Forbidden)}, "seen"},
		{"by the object", conditions("object.metadata.labels.zone == 'a'"), whole, []facts.Observation{gone(facts.MutatingPolicies, facts.Forbidden)}, "undecided"},
		{"by the object as it came", conditions("object.metadata.labels.zone == 'b'"), whole, []facts.Observation{gone(facts.MutatingPolicies, facts.Forbidden)}, "undecided"},
		{"by the user", conditions("request.userInfo.username != 'a'"), whole, []facts.Observation{gone(facts.MutatingPolicies, facts.Forbidden)}, "seen"},
		{"whatever it is", all, whole, []facts.Observation{gone(facts.MutatingPolicies, facts.Forbidden)}, "seen"},
		{"validating ones can't change it", selects, whole, []facts.Observation{gone(facts.ValidatingPolicies, facts.Forbidden), gone(facts.ValidatingWebhooks, facts.Forbidden)}, "seen"},
	} {
		by := admission.Match(hookWith(c.change).With(c.with...), c.w)
		if got := seen(by); got != c.want {
			t.Errorf("%s: it is %s, want %s", c.name, got, c.want)
		}
		if unseen := c.want == "undecided"; unseen && by[0].Unseen == "" {
			t.Errorf("%s: it does not say so", c.name)
		}
	}

	webhooks := gone(facts.MutatingWebhooks, facts.Forbidden)
	if got := seen(admission.Match(denying(linux, admissionregistrationv1.Deny).With(webhooks), whole)); got != "undecided" {
		t.Errorf("a policy on labels after webhooks that could not be read is %s", got)
	}
	if got := seen(admission.Match(denying(selector{}, admissionregistrationv1.Deny).With(webhooks), whole)); got != "denied" {
		t.Errorf("a policy on all after webhooks that could not be read is %s", got)
	}
}
