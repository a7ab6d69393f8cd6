package google

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"cloud.google.com/go/container/apiv1/containerpb"

	"github.com/gke-preflight/gke-preflight/preflight/watch"
)

// Operations returns the operations on the cluster, its node pools and its nodes
// that GKE tells of, the latest first, also those that have ended. An answer
// without some zones is an error.
func (a *API) Operations(ctx context.Context) ([]watch.Operation, error) {
	if a.client == nil {
		return nil, errors.New(a.left.String())
	}
	answer, err := a.client.ListOperations(ctx, &containerpb.ListOperationsRequest{Parent: parent(a.name)})
	if err != nil {
		return nil, errors.New(containerAPI.why(err, a.name).Detail)
	}
	if zones := answer.GetMissingZones(); len(zones) > 0 {
		return nil, truncated{zones}
	}
	progress := map[string][]string{}
	for _, o := range answer.GetOperations() {
		progress[o.GetName()] = progressOf(o.GetProgress())
	}
	out := []watch.Operation{}
	for _, o := range operations(answer.GetOperations(), a.name.Name) {
		out = append(out, watch.Operation{Operation: o, Progress: progress[o.Name]})
	}
	return out, nil
}

// progressOf are the metrics and the stages that have begun, in words.
func progressOf(p *containerpb.OperationProgress) []string {
	var out []string
	for _, m := range p.GetMetrics() {
		out = append(out, strings.TrimSpace(fmt.Sprintf("%s %s", m.GetName(), valueOf(m))))
	}
	for _, s := range p.GetStages() {
		if s.GetStatus() != containerpb.Operation_PENDING {
			out = append(out, strings.Join(append([]string{s.GetName(), s.GetStatus().String()}, progressOf(&containerpb.OperationProgress{Metrics: s.GetMetrics()})...), " "))
		}
	}
	return out
}

func valueOf(m *containerpb.OperationProgress_Metric) string {
	switch v := m.GetValue().(type) {
	case *containerpb.OperationProgress_Metric_IntValue:
		return fmt.Sprint(v.IntValue)
	case *containerpb.OperationProgress_Metric_DoubleValue:
		return fmt.Sprint(v.DoubleValue)
	case *containerpb.OperationProgress_Metric_StringValue:
		return v.StringValue
	}
	return ""
}
