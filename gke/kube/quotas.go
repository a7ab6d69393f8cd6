package kube

import (
	"context"
	"regexp"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

func criticalQuotas(ctx context.Context, c *cluster) ([]facts.CriticalQuota, error) {
	return list(ctx, c.reader, c.typed.CoreV1().ResourceQuotas("").List, metav1.ListOptions{}, func(q *corev1.ResourceQuota) (facts.CriticalQuota, bool) {
		out := facts.CriticalQuota{Namespace: q.Namespace, Name: q.Name}
		if slices.Contains(q.Spec.Scopes, corev1.ResourceQuotaScopePriorityClass) {
			return out, true
		}
		if q.Spec.ScopeSelector == nil {
			return out, false
		}
		for _, e := range q.Spec.ScopeSelector.MatchExpressions {
			if e.ScopeName == corev1.ResourceQuotaScopePriorityClass && (e.Operator == corev1.ScopeSelectorOpIn || e.Operator == corev1.ScopeSelectorOpExists) {
				out.Classes = e.Values
				return out, true
			}
		}
		return out, false
	})
}

// unhealthy selects the events by which kubelets tell of a probe that failed (kubernetes
// pkg/kubelet/prober/prober.go, probe).
const unhealthy = "involvedObject.kind=Pod,reason=Unhealthy"

// timedOut is what they say of a command (k8s.io/cri-client pkg/remote_runtime.go,
// ErrCommandTimedOut; github.com/containerd/containerd internal/cri/server/container_execsync.go,
// execInContainer). Of what is asked by HTTP they use other words.
var timedOut = regexp.MustCompile(`(?i)command .*timed out|exec in container: timeout`)

func probeTimeouts(ctx context.Context, c *cluster) ([]facts.ProbeTimeout, error) {
	read, err := list(ctx, c.reader, c.typed.CoreV1().Events("").List, metav1.ListOptions{FieldSelector: unhealthy}, func(e *corev1.Event) (facts.ProbeTimeout, bool) {
		return facts.ProbeTimeout{Namespace: e.InvolvedObject.Namespace, Pod: e.InvolvedObject.Name, Times: nodeEvent(e).Times}, timedOut.MatchString(e.Message)
	})
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(read, func(a, b facts.ProbeTimeout) int {
		return strings.Compare(a.Namespace+"/"+a.Pod, b.Namespace+"/"+b.Pod)
	})
	out := []facts.ProbeTimeout{}
	for _, t := range read {
		if n := len(out) - 1; n >= 0 && out[n].Namespace == t.Namespace && out[n].Pod == t.Pod {
			out[n].Times += t.Times
			continue
		}
		out = append(out, t)
	}
	return out, nil
}
