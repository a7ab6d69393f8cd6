package kube

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

func TestNodeEvents(t *testing.T) {
	at := func(minute int) time.Time { return time.Date(2026, 11, 23, 1, minute, 0, 0, time.UTC) }
	event := func(node, reporter string, count int32, first, last int) *corev1.Event {
		return &corev1.Event{InvolvedObject: corev1.ObjectReference{Kind: "Node", Name: node}, Source: corev1.EventSource{Component: reporter},
			Count: count, FirstTimestamp: metav1.NewTime(at(first)), LastTimestamp: metav1.NewTime(at(last))}
	}
	series := &corev1.Event{InvolvedObject: corev1.ObjectReference{Name: "n2"}, ReportingController: "kubelet",
		EventTime: metav1.NewMicroTime(at(3)), Series: &corev1.EventSeries{Count: 4, LastObservedTime: metav1.NewMicroTime(at(9))}}
	var all []facts.NodeEvent
	for _, e := range []*corev1.Event{event("n1", "node-controller", 2, 10, 20), series, event("n1", "kubelet", 0, 5, 5), event("n1", "node-controller", 3, 5, 40)} {
		all = append(all, nodeEvent(e))
	}
	want := []facts.NodeEvent{
		{Node: "n1", Reporter: "kubelet", Times: 1, First: at(5), Last: at(5)},
		{Node: "n1", Reporter: "node-controller", Times: 5, First: at(5), Last: at(40)},
		{Node: "n2", Reporter: "kubelet", Times: 4, First: at(3), Last: at(9)},
	}
	if diff := cmp.Diff(want, perReporter(all)); diff != "" {
		t.Error(diff)
	}
}

func TestKubeProxies(t *testing.T) {
	s := proxyPods{pools: map[string]string{"n1": "a", "n2": "a", "n3": "b"}, seen: map[proxyKey]*facts.KubeProxy{}}
	for _, p := range []struct{ namespace, label, node, image string }{
		{"kube-system", "kube-proxy", "n2", "registry.example/kube-proxy-amd64:v1.35.4-gke.200"},
		{"kube-system", "kube-proxy", "n1", "registry.example/kube-proxy-amd64:v1.35.4-gke.200"},
		{"kube-system", "kube-proxy", "n3", "registry:5000/kube-proxy@sha256:0123"},
		{"kube-system", "fluentbit", "n3", "kube-proxy:v1.0.0"},
		{"shop", "kube-proxy", "n3", "kube-proxy:v1.0.0"},
	} {
		s.add(&corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: p.namespace, Labels: map[string]string{"component": p.label}},
			Spec: corev1.PodSpec{NodeName: p.node, Containers: []corev1.Container{{Name: "kube-proxy", Image: p.image}}}})
	}
	want := []facts.KubeProxy{{Pool: "a", Version: "v1.35.4-gke.200", Pods: 2, Node: "n1"}, {Pool: "b", Pods: 1, Node: "n3"}}
	if diff := cmp.Diff(want, s.all()); diff != "" {
		t.Error(diff)
	}
}
