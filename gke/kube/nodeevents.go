package kube

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// turnedNotReady selects the events that the kubelet and the node controller record
// when a node turns not ready (kubernetes pkg/kubelet/kubelet_node_status.go,
// recordNodeStatusEvent, and pkg/controller/util/node/controller_utils.go,
// RecordNodeStatusChange).
const turnedNotReady = "involvedObject.kind=Node,reason=NodeNotReady"

func nodeEvents(ctx context.Context, c *cluster) ([]facts.NodeEvent, error) {
	read, err := list(ctx, c.reader, c.typed.CoreV1().Events("").List, metav1.ListOptions{FieldSelector: turnedNotReady}, func(e *corev1.Event) (facts.NodeEvent, bool) {
		return nodeEvent(e), true
	})
	if err != nil {
		return nil, err
	}
	return perReporter(read), nil
}

// nodeEvent reads both forms in which an event can say that it stands for several.
func nodeEvent(e *corev1.Event) facts.NodeEvent {
	out := facts.NodeEvent{Node: e.InvolvedObject.Name, Reporter: cmp.Or(e.Source.Component, e.ReportingController), Times: max(1, e.Count)}
	times := []time.Time{e.EventTime.Time, e.FirstTimestamp.Time, e.LastTimestamp.Time}
	if e.Series != nil {
		out.Times = max(out.Times, e.Series.Count)
		times = append(times, e.Series.LastObservedTime.Time)
	}
	for _, t := range times {
		out.First, out.Last = earlier(out.First, t.UTC()), later(out.Last, t.UTC())
	}
	return out
}

// earlier and later leave out times that are not set.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

func perReporter(all []facts.NodeEvent) []facts.NodeEvent {
	slices.SortStableFunc(all, func(a, b facts.NodeEvent) int {
		return cmp.Or(strings.Compare(a.Node, b.Node), strings.Compare(a.Reporter, b.Reporter))
	})
	out := []facts.NodeEvent{}
	for _, e := range all {
		if n := len(out) - 1; n >= 0 && out[n].Node == e.Node && out[n].Reporter == e.Reporter {
			out[n].Times += e.Times
			out[n].First, out[n].Last = earlier(out[n].First, e.First), later(out[n].Last, e.Last)
			continue
		}
		out = append(out, e)
	}
	return out
}
