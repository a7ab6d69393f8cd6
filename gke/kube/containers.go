package kube

import (
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

func container(c corev1.Container, statuses []corev1.ContainerStatus) facts.Container {
	out := facts.Container{
		Name: c.Name, Image: c.Image, LivenessProbe: c.LivenessProbe != nil, ReadinessProbe: c.ReadinessProbe != nil,
		Requests: quantities(c.Resources.Requests), Limits: quantities(c.Resources.Limits),
	}
	for _, p := range c.Ports {
		if p.Name != "" && (p.Protocol == corev1.ProtocolTCP || p.Protocol == "") {
			if out.Ports == nil {
				out.Ports = map[string]int32{}
			}
			out.Ports[p.Name] = p.ContainerPort
		}
	}
	for _, s := range statuses {
		if s.Name != c.Name {
			continue
		}
		out.Restarts = s.RestartCount
		if end := s.LastTerminationState.Terminated; end != nil {
			out.LastEnd, out.LastEndedAt = end.Reason, when(end.FinishedAt)
		}
	}
	return out
}

func quantities(in corev1.ResourceList) map[string]string {
	var out map[string]string
	for _, name := range []corev1.ResourceName{corev1.ResourceCPU, corev1.ResourceMemory} {
		q, ok := in[name]
		if !ok {
			continue
		}
		if out == nil {
			out = map[string]string{}
		}
		out[string(name)] = q.String()
	}
	return out
}

// when is zero for a time that is not set.
func when(t metav1.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return t.UTC()
}
