package lifeline

import (
	"fmt"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/gke-preflight/gke-preflight/gke/controlplane"
	"github.com/gke-preflight/gke-preflight/gke/controlplane/rig"
	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/forecast"
	"github.com/gke-preflight/gke-preflight/preflight/lifeline"
)

// evictionsAlone is about a webhook on evictions alone that fails closed: what is foretold
// of them then happens to one. Nothing of it is in the control plane's way, and what denies
// evictions is not in the nodes' either: the drain's limit ends it. What answers is in their
// way all the same: no controller made its one pod, so that the upgrade takes it for good.
func evictionsAlone(t *testing.T, k *rig.Cluster, b *rig.Backend) {
	const name = "drains"
	if err := k.Validate(t.Context(), name, b.ClientConfig("/"), onNodeWrite(nodeWrites()["eviction"])); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name      string
		behaviour controlplane.Behaviour
		exempt    string
		want      forecast.Fate
		nodes     preflight.Verdict
		refused   bool
	}{
		{"hung", controlplane.HangAfterTLS(), "", forecast.Lost, preflight.NotReady, true},
		{"denying", controlplane.Deny("not while it leads", 403), "", forecast.Lost, preflight.Ready, true},
		{"exempted", controlplane.HangAfterTLS(), `request.kind.kind != "Eviction"`, forecast.Kept, preflight.Ready, false},
		{"healthy", controlplane.Allow(), "", forecast.Kept, preflight.NotReady, false},
	} {
		t.Run("evictions alone, "+c.name, func(t *testing.T) {
			b.Behave(c.behaviour)
			condition(t, k, name, c.exempt)
			pod := aPod("evicted-"+c.name, node, owned("ReplicaSet", "app"))
			all(t, ignore(k.Client.CoreV1().Pods(shop).Create(t.Context(), pod, metav1.CreateOptions{})))
			r := check(t, k.Kubeconfig, "--vantage", "pod-network")
			foretold(t, r, map[string]forecast.Fate{lifeline.Evictions: c.want, "pod deletions": forecast.Kept})
			for _, s := range r.Steps {
				if s.Step == preflight.NodesStep && s.Verdict != c.nodes {
					t.Errorf("the verdict on nodes is %s, want %s: %v", s.Verdict, c.nodes, r.Open)
				}
			}
			if r.Verdict != preflight.Ready {
				t.Errorf("the verdict is %s: %v", r.Verdict, r.Open)
			}
			if err := evicts(shop)(t.Context(), as(t, k, upgrader), c.name); (err != nil) != c.refused {
				t.Errorf("the eviction ends in %v", err)
			}
		})
	}
	if err := k.Client.AdmissionregistrationV1().ValidatingWebhookConfigurations().Delete(t.Context(), name, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
}

// unreadyUnderBudget is about a budget whose one pod is not ready: maxUnavailable 1, which
// others are advised to set, does not let it go, and what is advised does.
func unreadyUnderBudget(t *testing.T, k *rig.Cluster) {
	ctx := t.Context()
	pod := aPod("evicted-unready", node, nil)
	pod.Labels = map[string]string{"app": "slow"}
	made, err := k.Client.CoreV1().Pods(shop).Create(ctx, pod, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	made.Status = corev1.PodStatus{Phase: corev1.PodRunning, Conditions: []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionFalse}}}
	budgets := k.Client.PolicyV1().PodDisruptionBudgets(shop)
	budget, err := budgets.Create(ctx, &policyv1.PodDisruptionBudget{ObjectMeta: metav1.ObjectMeta{Name: "slow"},
		Spec: policyv1.PodDisruptionBudgetSpec{MaxUnavailable: new(intstr.FromInt32(1)), Selector: &metav1.LabelSelector{MatchLabels: pod.Labels}}}, metav1.CreateOptions{})
	all(t, err, ignore(k.Client.CoreV1().Pods(shop).UpdateStatus(ctx, made, metav1.UpdateOptions{})))
	for _, policy := range []policyv1.UnhealthyPodEvictionPolicyType{policyv1.IfHealthyBudget, policyv1.AlwaysAllow} {
		budget.Spec.UnhealthyPodEvictionPolicy = &policy
		if budget, err = budgets.Update(ctx, budget, metav1.UpdateOptions{}); err != nil {
			t.Fatal(err)
		}
		// As the disruption controller has it.
		budget.Status = policyv1.PodDisruptionBudgetStatus{ObservedGeneration: budget.Generation, ExpectedPods: 1}
		if budget, err = budgets.UpdateStatus(ctx, budget, metav1.UpdateOptions{}); err != nil {
			t.Fatal(err)
		}
		advised := false
		for _, f := range check(t, k.Kubeconfig).Findings {
			advised = advised || f.Check == "GP401" && strings.Contains(fmt.Sprint(f.Steps), string(policyv1.AlwaysAllow))
		}
		err := evicts(shop)(ctx, as(t, k, upgrader), "unready")
		switch allowed := policy == policyv1.AlwaysAllow; {
		case advised == allowed:
			t.Errorf("with %s it is advised to set AlwaysAllow: %t", policy, advised)
		case allowed && err != nil, !allowed && !apierrors.IsTooManyRequests(err):
			t.Errorf("with %s the eviction ends in %v", policy, err)
		}
	}
	all(t, budgets.Delete(ctx, budget.Name, metav1.DeleteOptions{}))
}
