package kube

import (
	"context"
	"maps"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

const (
	poolLabel           = "cloud.google.com/gke-nodepool"
	operationAnnotation = "gke-current-operation"
)

func nodes(ctx context.Context, c *cluster) ([]facts.Node, error) {
	return list(ctx, c.reader, c.typed.CoreV1().Nodes().List, metav1.ListOptions{}, func(n *corev1.Node) (facts.Node, bool) {
		out := facts.Node{Name: n.Name, Pool: n.Labels[poolLabel], Zone: n.Labels[corev1.LabelTopologyZone], Kubelet: n.Status.NodeInfo.KubeletVersion,
			Created: n.CreationTimestamp.UTC(), Unschedulable: n.Spec.Unschedulable, Operation: n.Annotations[operationAnnotation]}
		for _, c := range n.Status.Conditions {
			out.Conditions = append(out.Conditions, facts.Condition{Type: string(c.Type), Status: string(c.Status), Reason: c.Reason,
				LastHeartbeat: c.LastHeartbeatTime.UTC(), LastChange: c.LastTransitionTime.UTC()})
		}
		return out, true
	})
}

func nodeLeases(ctx context.Context, c *cluster) (map[string]time.Time, error) {
	type renewal struct {
		node string
		at   time.Time
	}
	read, err := list(ctx, c.reader, c.typed.CoordinationV1().Leases(corev1.NamespaceNodeLease).List, metav1.ListOptions{}, func(l *coordinationv1.Lease) (renewal, bool) {
		return renewal{l.Name, renewed(l)}, true
	})
	out := maps.Collect(func(yield func(string, time.Time) bool) {
		for _, r := range read {
			if !yield(r.node, r.at) {
				return
			}
		}
	})
	return out, err
}

// renewed is zero for a lease that was never renewed.
func renewed(l *coordinationv1.Lease) time.Time {
	if l.Spec.RenewTime == nil {
		return time.Time{}
	}
	return l.Spec.RenewTime.UTC()
}
