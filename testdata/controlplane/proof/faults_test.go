package proof

import (
	"testing"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"

	"github.com/gke-preflight/gke-preflight/gke/controlplane"
	"github.com/gke-preflight/gke-preflight/gke/controlplane/rig"
)

// healthy is OPA, on everything but for what the adjustments leave out.
func healthy(t *testing.T, c *rig.Cluster, adjust ...adjust) *rig.OPA {
	t.Helper()
	opa, err := c.StartOPA(t.Context(), rig.BackendOptions{Namespace: "opa", Service: "opa"})
	if err == nil {
		err = c.Validate(t.Context(), "opa", opa.ClientConfig("/"), adjust...)
	}
	if err != nil {
		t.Fatal(err)
	}
	return opa
}

// frozen is the same, stopped until the test ends.
func frozen(adjust ...adjust) func(*testing.T, *rig.Cluster) {
	return func(t *testing.T, c *rig.Cluster) {
		t.Helper()
		opa := healthy(t, c, adjust...)
		if err := opa.Freeze(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := opa.Thaw(); err != nil {
				t.Error(err)
			}
		})
	}
}

// condition is one that is there already, and has a name that a cure would take.
func condition(w *webhook) {
	w.MatchConditions = []admissionregistrationv1.MatchCondition{{Name: "not-the-api-server", Expression: `request.userInfo.username != "nobody"`}}
}

// denied has a mutating webhook and a policy deny what the start writes.
func denied(t *testing.T, c *rig.Cluster) {
	t.Helper()
	b, err := c.StartBackend(t.Context(), rig.BackendOptions{Namespace: "policies", Service: "policies", Behaviour: controlplane.Deny("not today", 0)})
	if err == nil {
		err = c.Mutate(t.Context(), "policies", b.ClientConfig("/"), func(w *admissionregistrationv1.MutatingWebhook) {
			w.Rules = []admissionregistrationv1.RuleWithOperations{rule("rbac.authorization.k8s.io", "*")}
		})
	}
	if err != nil {
		t.Fatal(err)
	}
	bind(t, c, denySystemRoles(), nil)
}
