package admission_test

import (
	"testing"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"

	"github.com/gke-preflight/gke-preflight/preflight/admission"
	"github.com/gke-preflight/gke-preflight/preflight/bootstrap"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// TestIdentity: of users other than the API server itself uid and extra are not known, which
// tokens and certificates give them. They were taken for none: a policy that denies whoever
// has an extra was green, and one that asks for it a blocker.
func TestIdentity(t *testing.T) {
	const other = "system:serviceaccount:kube-system:clusterrole-aggregation-controller"
	for expression, want := range map[string]struct{ other, itself string }{
		"request.userInfo.uid == ''":                            {"undecided", "unseen"},
		"request.userInfo['uid'] == ''":                         {"undecided", "denied"},
		"!has(request.userInfo.uid)":                            {"undecided", "unseen"},
		"has(request.userInfo.extra)":                           {"undecided", "unseen"},
		"'a' in request.userInfo.?extra.orValue({})":            {"undecided", "unseen"},
		"'a' in request.userInfo.extra":                         {"undecided", "denied"},
		"request.userInfo == request.userInfo":                  {"undecided", "seen"},
		"request.userInfo.username != 'uid'":                    {"seen", "seen"},
		"has(request.userInfo.groups)":                          {"seen", "seen"},
		"!('extra' in request.userInfo.?groups.orValue(['a']))": {"seen", "seen"},
		"request . userInfo . username != 'a'":                  {"seen", "seen"},
	} {
		hook := hookWith(func(h *admissionregistrationv1.MutatingWebhook) {
			h.MatchConditions = []admissionregistrationv1.MatchCondition{{Name: "c", Expression: expression}}
		})
		for who, want := range map[string]string{other: want.other, bootstrap.Loopback.Name: want.itself} {
			w := clusterRole
			if who == other {
				w.User = bootstrap.User{Name: other, Groups: []string{"system:serviceaccounts"}}
			}
			if got := seen(admission.Match(hook, w)); got != want {
				t.Errorf("%s: for %s it is %s, want %s", expression, who, got, want)
			}
		}
	}
}

// TestIdentityInPolicies: what a policy says by the extra of a user is not known either, and
// a condition that excludes the write whatever the extra is decides.
func TestIdentityInPolicies(t *testing.T) {
	s := denying(selector{}, admissionregistrationv1.Deny)
	policies, _ := facts.ValidatingPolicies.Get(s)
	for _, c := range []struct {
		condition, validation, want string
	}{
		{"true", "has(request.userInfo.extra)", "undecided"},
		{"true", "!has(request.userInfo.extra)", "undecided"},
		{"has(request.userInfo.extra)", "false", "undecided"},
		{"request.userInfo.username == 'x'", "has(request.userInfo.extra)", "unseen"},
		{"true", "false", "denied"},
	} {
		p := *policies[0].DeepCopy()
		p.Spec.MatchConditions = []admissionregistrationv1.MatchCondition{{Name: "c", Expression: c.condition}}
		p.Spec.Validations = []admissionregistrationv1.Validation{{Expression: c.validation}}
		got := seen(admission.Match(s.With(facts.Present(facts.ValidatingPolicies, []admissionregistrationv1.ValidatingAdmissionPolicy{p})), node(true)))
		if got != c.want {
			t.Errorf("%s, if %s: it is %s, want %s", c.validation, c.condition, got, c.want)
		}
	}
}
