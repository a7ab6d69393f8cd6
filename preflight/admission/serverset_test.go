package admission_test

import (
	"testing"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"

	"github.com/gke-preflight/gke-preflight/preflight/admission"
)

// TestSetByServer: what the API server sets itself in metadata is not known of any object,
// whole or a sketch. It was taken for missing, so that a webhook on leases that carry a
// resourceVersion, as each does, saw none.
func TestSetByServer(t *testing.T) {
	for expression, want := range map[string]string{
		"has(oldObject.metadata.resourceVersion)":          "undecided",
		"!has(oldObject.metadata.uid)":                     "undecided",
		"oldObject.metadata.?creationTimestamp.hasValue()": "undecided",
		"request.name != 'uid'":                            "seen",
	} {
		hook := hookWith(func(h *admissionregistrationv1.MutatingWebhook) {
			h.MatchConditions = []admissionregistrationv1.MatchCondition{{Name: "c", Expression: expression}}
		})
		if got := seen(admission.Match(hook, clusterRole)); got != want {
			t.Errorf("%s: %s, want %s", expression, got, want)
		}
	}
}
