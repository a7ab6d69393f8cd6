package kube

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
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

func nodes(_ context.Context, c *cluster) ([]facts.Node, error) {
	read, err := c.nodes()
	return read.all, err
}

// nodesRead is what one pass over all nodes gives.
type nodesRead struct {
	all    []facts.Node
	places *places
}

func readNodes(ctx context.Context, c *cluster) (nodesRead, error) {
	read := nodesRead{places: newPlaces()}
	query := lean(c.typed.CoreV1().RESTClient(), "nodes", "", "NodeList", leanNode, func() *corev1.NodeList { return &corev1.NodeList{} })
	all, err := list(ctx, c.reader, query, metav1.ListOptions{}, func(n *corev1.Node) (facts.Node, bool) {
		out := facts.Node{Name: n.Name, Pool: n.Labels[poolLabel], Zone: n.Labels[corev1.LabelTopologyZone], Kubelet: n.Status.NodeInfo.KubeletVersion,
			Created: n.CreationTimestamp.UTC(), Unschedulable: n.Spec.Unschedulable, Operation: n.Annotations[operationAnnotation],
			Labels: givenLabels(n.Labels), Taints: givenTaints(n.Spec.Taints),
			Accelerator: cmp.Or(n.Labels["cloud.google.com/gke-accelerator"], n.Labels["cloud.google.com/gke-tpu-accelerator"]), Devices: devices(n.Status),
			CPU: n.Status.Allocatable.Cpu().MilliValue(), Memory: n.Status.Allocatable.Memory().Value()}
		for _, c := range n.Status.Conditions {
			out.Conditions = append(out.Conditions, facts.Condition{Type: string(c.Type), Status: string(c.Status), Reason: c.Reason,
				LastHeartbeat: c.LastHeartbeatTime.UTC(), LastChange: c.LastTransitionTime.UTC()})
		}
		read.places.add(n)
		return out, true
	})
	read.all = all
	return read, err
}

// ofSystem are the domains of labels and taints that Kubernetes, GKE and the
// drivers of accelerators give to nodes, and give again to one that is recreated.
var ofSystem = []string{"kubernetes.io", "k8s.io", "cloud.google.com", "gke.io", "nvidia.com", "google.com", "amd.com"}

// given reports whether key is one that somebody else gave.
func given(key string) bool {
	domain, _, ok := strings.Cut(key, "/")
	if !ok || domain == "node-role.kubernetes.io" {
		return ok || !slices.Contains([]string{"ToBeDeletedByClusterAutoscaler", "DeletionCandidateOfClusterAutoscaler"}, key)
	}
	return !slices.ContainsFunc(ofSystem, func(s string) bool { return domain == s || strings.HasSuffix(domain, "."+s) })
}

func givenLabels(in map[string]string) map[string]string {
	var out map[string]string
	for k, v := range in {
		if given(k) {
			if out == nil {
				out = map[string]string{}
			}
			out[k] = v
		}
	}
	return out
}

func givenTaints(in []corev1.Taint) []facts.NodeTaint {
	var out []facts.NodeTaint
	for _, t := range in {
		if given(t.Key) {
			out = append(out, facts.NodeTaint{Key: t.Key, Value: t.Value, Effect: string(t.Effect)})
		}
	}
	return out
}

// devices are the accelerators in the kubelet's account of the node.
func devices(s corev1.NodeStatus) []facts.Device {
	var out []facts.Device
	for name, q := range s.Capacity {
		domain, kind, _ := strings.Cut(string(name), "/")
		if strings.HasPrefix(kind, "gpu") && domain != "kubernetes.io" || name == "google.com/tpu" {
			free := s.Allocatable[name]
			out = append(out, facts.Device{Resource: string(name), Capacity: q.Value(), Allocatable: free.Value()})
		}
	}
	slices.SortFunc(out, func(a, b facts.Device) int { return strings.Compare(a.Resource, b.Resource) })
	return out
}

func nodeLeases(ctx context.Context, c *cluster) (map[string]time.Time, error) {
	type renewal struct {
		node string
		at   time.Time
	}
	query := lean(c.typed.CoordinationV1().RESTClient(), "leases", corev1.NamespaceNodeLease, "LeaseList", leanLease, func() *coordinationv1.LeaseList { return &coordinationv1.LeaseList{} })
	read, err := list(ctx, c.reader, query, metav1.ListOptions{}, func(l *coordinationv1.Lease) (renewal, bool) {
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
