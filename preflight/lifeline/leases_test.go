package lifeline

import (
	"maps"
	"slices"
	"testing"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// ofLeases is a webhook on each update of a lease that meets the condition.
func ofLeases(condition string) facts.Observation {
	fail := admissionregistrationv1.Fail
	return facts.Present(facts.ValidatingWebhooks, []admissionregistrationv1.ValidatingWebhookConfiguration{{
		ObjectMeta: metav1.ObjectMeta{Name: "leases"},
		Webhooks: []admissionregistrationv1.ValidatingWebhook{{
			Name: "leases", FailurePolicy: &fail,
			Rules: []admissionregistrationv1.RuleWithOperations{{
				Operations: []admissionregistrationv1.OperationType{admissionregistrationv1.Update},
				Rule:       admissionregistrationv1.Rule{APIGroups: []string{"coordination.k8s.io"}, APIVersions: []string{"*"}, Resources: []string{"leases"}},
			}},
			MatchConditions: []admissionregistrationv1.MatchCondition{{Name: "c", Expression: condition}},
		}},
	}})
}

// TestRenewals holds what a webhook sees of the updates of leases against what it tells them
// by: each changes when it was renewed, and one of an election its holder too.
func TestRenewals(t *testing.T) {
	const heartbeat, renewal, takeover = "heartbeat", "renewal", "takeover"
	for condition, want := range map[string][]string{
		"object.spec != oldObject.spec":                                          {heartbeat, renewal},
		"object.spec == oldObject.spec":                                          nil,
		"object.spec.?renewTime != oldObject.spec.?renewTime":                    {heartbeat, renewal},
		"timestamp(object.spec.renewTime) > timestamp(oldObject.spec.renewTime)": {heartbeat, renewal},
		"object.spec.renewTime == oldObject.spec.renewTime":                      nil,
		"object.spec.holderIdentity != oldObject.spec.holderIdentity":            {takeover},
		"object.spec.holderIdentity == oldObject.spec.holderIdentity":            {heartbeat, renewal},
		"object.spec.?acquireTime != oldObject.spec.?acquireTime":                {takeover},
		"object.spec.?leaseTransitions != oldObject.spec.?leaseTransitions":      {takeover},
	} {
		seen := map[string]bool{}
		for _, i := range Intercept(cluster("1.36.3", ofLeases(condition))) {
			w := i.Write
			if w.Resource != lease.resource || len(i.By) == 0 {
				continue
			}
			if why := i.By[0].Undecided; why != "" {
				t.Errorf("%s: %s", condition, why)
			}
			spec, was := w.Object.Object["spec"].(map[string]any), w.OldObject.Object["spec"].(map[string]any)
			switch {
			case w.Namespace != system:
				seen[heartbeat] = true
			case spec["holderIdentity"] == was["holderIdentity"]:
				seen[renewal] = true
			default:
				seen[takeover] = true
			}
		}
		if got := slices.Sorted(maps.Keys(seen)); !slices.Equal(got, want) {
			t.Errorf("of %s a webhook sees %v, want %v", condition, got, want)
		}
	}
}

// Who holds a lease is an example: what goes by more than whether it stays the same is
// undecided for every lease, and decided where a condition beside it is false in any case.
func TestHolders(t *testing.T) {
	for condition, decided := range map[string]bool{
		"object.spec.holderIdentity.startsWith('any-host')":                                              false,
		"object.spec.holderIdentity == 'gke-prod-1_5f'":                                                  false,
		"'gke' in object.spec.?holderIdentity.orValue('').split('-')":                                    false,
		"object.spec.holderIdentity == oldObject.spec.holderIdentity + 'x'":                              false,
		"'x' + object.spec.holderIdentity == oldObject.spec.holderIdentity":                              false,
		"object.spec.?holderIdentity == optional.of('x')":                                                false,
		"object.spec.holderIdentity != oldObject.spec.holderIdentity && object.spec.holderIdentity > ''": false,
		"has(object.spec.holderIdentity)":                                                                true,
		"object.spec.?holderIdentity == oldObject.spec.?holderIdentity":                                  true,
		"(object.spec.holderIdentity == oldObject.spec.holderIdentity) == true":                          true,
	} {
		asked := 0
		for _, i := range Intercept(cluster("1.36.3", ofLeases(condition))) {
			if i.Write.Resource != lease.resource || len(i.By) == 0 {
				continue
			}
			asked++
			if got := i.By[0].Undecided == ""; got != decided {
				t.Errorf("%s, of %s by %s: decided %v, want %v: %s", condition, i.Write.Key(), i.Write.User.Name, got, decided, i.By[0].Undecided)
			}
		}
		if asked == 0 {
			t.Errorf("%s: no write of a lease is seen", condition)
		}
	}
}
