package render

import (
	"bytes"
	"testing"

	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/cure"
	"github.com/gke-preflight/gke-preflight/preflight/forecast"
)

// TestFix shows what there can be in a plan: two cures, one of them partial, a
// precaution and what is left.
func TestFix(t *testing.T) {
	crash := cure.State{Outcome: forecast.CrashLoop, ExitsAfterSeconds: &forecast.Seconds{Min: 121.5, Max: 125.1}, Lifelines: []cure.Harm{{Name: "node leases", Outcome: "lost"}, {Name: "node status", Outcome: "unknown", AtWorst: "lost"}}}
	ready := cure.State{Outcome: forecast.Ready, ReadyAfterSeconds: &forecast.Seconds{Min: 1.5, Max: 6}}
	late := cure.State{Outcome: forecast.Delayed, ReadyAfterSeconds: &forecast.Seconds{Min: 8, Max: 12}}
	open := cure.State{Outcome: forecast.Unknown, Hooks: []cure.Harm{{Name: "rbac/bootstrap-roles", Outcome: "unknown", AtWorst: "crash-loop"}}}
	r := cure.Report{
		Plan: cure.Plan{
			Schema: cure.Schema, From: "v1.35.4", Target: "1.36.3", Before: crash, After: late,
			Cures: []cure.Cure{
				{
					Kind: "ValidatingWebhookConfiguration", Name: "opa", Hooks: []string{"rbac/bootstrap-roles"}, Lifelines: []string{"node leases", "node status"},
					Way: cure.MatchConditions, Does: "exempts the API server itself and nodes", Cures: true, Before: crash, After: ready, Alone: &crash,
					Command: `kubectl patch validatingwebhookconfiguration opa --type=json --patch='[{"op":"test","path":"/webhooks/0/name","value":"a b"}]'`,
					Owners:  []string{"Helm"}, Advice: "it is made elsewhere",
				},
				{
					Kind: "MutatingWebhookConfiguration", Name: "sidecars", Hooks: []string{"a", "b", "c", "d", "e", "f", "g", "h"},
					Way: cure.FailurePolicy, Does: "lets pass what can't be judged", Before: crash, After: late,
					Command: "kubectl patch mutatingwebhookconfiguration sidecars --type=json --patch='[]'",
					Tried:   []cure.Trial{{Way: cure.Rules, Why: "which kinds it is for is not known"}, {Way: cure.Namespaces, Does: "leaves out kube-system", After: &open}},
				},
			},
			Precautions: []cure.Cure{{Kind: "ValidatingWebhookConfiguration", Name: "kyverno", Hooks: []string{"rbac/bootstrap-roles"}, Does: "exempts the API server itself", Before: crash, After: ready, Command: "kubectl patch …"}},
			Left:        []cure.Left{{Kind: "Version", Reason: "nobody knows"}},
		},
		Verdict: preflight.NotReady, Patched: preflight.Inconclusive,
	}
	for name, o := range map[string]Options{"fix.txt": {Width: 80}, "fix-wide-ascii.txt": {Width: 120, ASCII: true, Wide: true}} {
		var b bytes.Buffer
		if err := Fix(&b, r, o); err != nil {
			t.Fatal(err)
		}
		golden(t, name, b.Bytes())
	}
}
