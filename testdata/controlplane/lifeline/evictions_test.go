package lifeline

import (
	"testing"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/gke-preflight/gke-preflight/gke/controlplane"
	"github.com/gke-preflight/gke-preflight/gke/controlplane/rig"
	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/forecast"
)

// TestEvictions is about a webhook on evictions alone that fails closed: what is
// foretold of them then happens to one. Nothing of it is in the control plane's way.
func TestEvictions(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		behaviour controlplane.Behaviour
		exempt    string
		want      forecast.Fate
		nodes     preflight.Verdict
		refused   bool
	}{
		"healthy":  {controlplane.Allow(), "", forecast.Kept, preflight.Ready, false},
		"hung":     {controlplane.HangAfterTLS(), "", forecast.Lost, preflight.NotReady, true},
		"denying":  {controlplane.Deny("not while it leads", 403), "", forecast.Lost, preflight.Ready, true},
		"exempted": {controlplane.HangAfterTLS(), `request.kind.kind != "Eviction"`, forecast.Kept, preflight.Ready, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k := rig.Start(t, controlplane.Options{})
			prepare(t, k)
			b, err := k.StartBackend(t.Context(), rig.BackendOptions{Namespace: "drains", Service: "drains", Behaviour: c.behaviour})
			if err != nil {
				t.Fatal(err)
			}
			if err := k.Validate(t.Context(), "drains", b.ClientConfig("/"), onEvictions(c.exempt)); err != nil {
				t.Fatal(err)
			}
			pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "app", Namespace: "drains"}, Spec: corev1.PodSpec{NodeName: node, Containers: []corev1.Container{{Name: "app", Image: "app"}}}}
			if _, err := k.Client.CoreV1().Pods("drains").Create(t.Context(), pod, metav1.CreateOptions{}); err != nil {
				t.Fatal(err)
			}
			r := check(t, k.Kubeconfig, "--vantage", "pod-network")
			foretold(t, r, map[string]forecast.Fate{"evictions": c.want, "pod deletions": forecast.Kept})
			for _, s := range r.Steps {
				if s.Step == preflight.NodesStep && s.Verdict != c.nodes {
					t.Errorf("the verdict on nodes is %s, want %s", s.Verdict, c.nodes)
				}
			}
			if r.Verdict != preflight.Ready {
				t.Errorf("the verdict is %s", r.Verdict)
			}
			err = k.Client.PolicyV1().Evictions("drains").Evict(t.Context(), &policyv1.Eviction{ObjectMeta: metav1.ObjectMeta{Name: "app", Namespace: "drains"}})
			if (err != nil) != c.refused {
				t.Errorf("the eviction ends in %v", err)
			}
		})
	}
}

func onEvictions(exempt string) func(*admissionregistrationv1.ValidatingWebhook) {
	return func(w *admissionregistrationv1.ValidatingWebhook) {
		fail, seconds := admissionregistrationv1.Fail, int32(3)
		w.FailurePolicy, w.TimeoutSeconds = &fail, &seconds
		w.Rules[0].APIGroups, w.Rules[0].Resources = []string{""}, []string{"pods/eviction"}
		if exempt != "" {
			w.MatchConditions = []admissionregistrationv1.MatchCondition{{Name: "not-a-drain", Expression: exempt}}
		}
	}
}
