package kube

import (
	"cmp"
	"context"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

func backendWorkloads(ctx context.Context, c *cluster) ([]facts.Workload, error) {
	namespaces, err := backendNamespaces(c)
	if err != nil {
		return nil, err
	}
	apps := c.typed.AppsV1()
	out, err := each(namespaces, func(namespace string) ([]facts.Workload, error) {
		kinds := []func() ([]facts.Workload, error){
			func() ([]facts.Workload, error) {
				return list(ctx, c.reader, apps.Deployments(namespace).List, metav1.ListOptions{}, func(d *appsv1.Deployment) (facts.Workload, bool) {
					return workload("Deployment", d, d.Spec.Selector, d.Spec.Replicas, d.Status.ReadyReplicas), true
				})
			},
			func() ([]facts.Workload, error) {
				return list(ctx, c.reader, apps.StatefulSets(namespace).List, metav1.ListOptions{}, func(s *appsv1.StatefulSet) (facts.Workload, bool) {
					return workload("StatefulSet", s, s.Spec.Selector, s.Spec.Replicas, s.Status.ReadyReplicas), true
				})
			},
			func() ([]facts.Workload, error) {
				return list(ctx, c.reader, apps.DaemonSets(namespace).List, metav1.ListOptions{}, func(d *appsv1.DaemonSet) (facts.Workload, bool) {
					return workload("DaemonSet", d, d.Spec.Selector, &d.Status.DesiredNumberScheduled, d.Status.NumberReady), true
				})
			},
		}
		return each(kinds, func(read func() ([]facts.Workload, error)) ([]facts.Workload, error) { return read() })
	})
	slices.SortFunc(out, func(a, b facts.Workload) int {
		return cmp.Or(strings.Compare(a.Namespace, b.Namespace), strings.Compare(a.Name, b.Name), strings.Compare(a.Kind, b.Kind))
	})
	return out, err
}

func workload(kind string, m metav1.Object, selector *metav1.LabelSelector, replicas *int32, ready int32) facts.Workload {
	out := facts.Workload{Kind: kind, Namespace: m.GetNamespace(), Name: m.GetName(), Replicas: 1, Ready: ready}
	if replicas != nil {
		out.Replicas = *replicas
	}
	if selector != nil {
		out.Selector, out.Expressions = selector.MatchLabels, selector.MatchExpressions
	}
	return out
}

func disruptionBudgets(ctx context.Context, c *cluster) ([]facts.DisruptionBudget, error) {
	spaces, err := c.namespaces()
	if err != nil {
		spaces.gke = nil
	}
	return list(ctx, c.reader, c.typed.PolicyV1().PodDisruptionBudgets("").List, metav1.ListOptions{}, func(b *policyv1.PodDisruptionBudget) (facts.DisruptionBudget, bool) {
		out := facts.DisruptionBudget{Namespace: b.Namespace, Name: b.Name, Keeper: keeper(b, spaces.gke), MinAvailable: text(b.Spec.MinAvailable), MaxUnavailable: text(b.Spec.MaxUnavailable),
			DisruptionsAllowed: b.Status.DisruptionsAllowed, ExpectedPods: b.Status.ExpectedPods, Healthy: b.Status.CurrentHealthy, DesiredHealthy: b.Status.DesiredHealthy}
		if b.Spec.UnhealthyPodEvictionPolicy != nil {
			out.UnhealthyPods = string(*b.Spec.UnhealthyPodEvictionPolicy)
		}
		if b.Spec.Selector != nil {
			out.Selector, out.Expressions = b.Spec.Selector.MatchLabels, b.Spec.Selector.MatchExpressions
		}
		return out, true
	})
}

func text(n *intstr.IntOrString) string {
	if n == nil {
		return ""
	}
	return n.String()
}
