package google

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"cloud.google.com/go/container/apiv1/containerpb"
	monitoring "google.golang.org/api/monitoring/v3"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// The metrics of the API server as Cloud Monitoring names them
// (cloud.google.com/kubernetes-engine/docs/how-to/control-plane-metrics), and how far
// back they are read.
const (
	requestsMetric = "prometheus.googleapis.com/apiserver_request_duration_seconds/histogram"
	webhooksMetric = "prometheus.googleapis.com/apiserver_admission_webhook_admission_duration_seconds/histogram"

	historyDays = 7
)

// openMonitoring makes the client of Cloud Monitoring.
func (a *API) openMonitoring(ctx context.Context, o Options) (err error) {
	a.monitoring, a.monitoringLeft, err = beside(ctx, a.login, o, "Cloud Monitoring", endpoint{"--monitoring-endpoint", o.Monitoring}, monitoring.NewService)
	return err
}

// ofLatency reads the past week's latency, which another API tells of.
func ofLatency(ctx context.Context, a *API) facts.Observation {
	k := facts.GKELatency
	switch {
	case a.client == nil && a.left.Reason != facts.Unauthenticated:
		return facts.Observation{Fact: k, Absence: a.left}
	case a.monitoring == nil:
		return facts.Observation{Fact: k, Absence: a.monitoringLeft}
	case a.err != nil:
		return facts.Observation{Fact: k, Absence: containerAPI.why(a.err, a.name)}
	case !keepsMetrics(a.cluster):
		return facts.Absent(k, facts.NotCollected, "the cluster does not send its API server's metrics to Cloud Monitoring")
	}
	v, err := twice(ctx, a.readLatency)
	if err != nil {
		return facts.Observation{Fact: k, Absence: monitoringAPI.why(err, a.name)}
	}
	return facts.Present(k, v)
}

func keepsMetrics(c *containerpb.Cluster) bool {
	return slices.Contains(c.GetMonitoringConfig().GetComponentConfig().GetEnableComponents(), containerpb.MonitoringComponentConfig_APISERVER)
}

func (a *API) readLatency(ctx context.Context) (out facts.LatencyHistory, err error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	out.Writes, err = a.daily(ctx, requestsMetric, ` AND metric.labels.verb = one_of("POST", "PUT", "PATCH", "APPLY", "DELETE")`, "verb")
	if err != nil {
		return out, err
	}
	out.Webhooks, err = a.daily(ctx, webhooksMetric, "", "type", "name")
	return out, err
}

// daily reads a histogram of all API servers together, by day and by labels.
func (a *API) daily(ctx context.Context, metric, filter string, labels ...string) ([]facts.LatencySeries, error) {
	now := time.Now().UTC().Truncate(time.Minute)
	var by []string
	for _, l := range labels {
		by = append(by, "metric.labels."+l)
	}
	call := a.monitoring.Projects.TimeSeries.List("projects/" + a.name.Project).
		Filter(fmt.Sprintf(`metric.type = %q AND resource.type = "prometheus_target" AND resource.labels.cluster = %q AND resource.labels.location = %q`, metric, a.name.Name, a.name.Location) + filter).
		IntervalStartTime(now.AddDate(0, 0, -historyDays).Format(time.RFC3339)).IntervalEndTime(now.Format(time.RFC3339)).
		AggregationAlignmentPeriod("86400s").AggregationPerSeriesAligner("ALIGN_DELTA").
		AggregationCrossSeriesReducer("REDUCE_SUM").AggregationGroupByFields(by...)
	out := []facts.LatencySeries{}
	given := pageTokens{}
	err := call.Pages(ctx, func(page *monitoring.ListTimeSeriesResponse) error {
		for _, e := range page.ExecutionErrors {
			return errors.New(e.Message)
		}
		for _, series := range page.TimeSeries {
			s, err := latencySeries(series)
			if err != nil {
				return err
			}
			out = append(out, s)
		}
		return given.again(page.NextPageToken)
	})
	slices.SortFunc(out, func(x, y facts.LatencySeries) int {
		return cmp.Or(strings.Compare(x.Verb, y.Verb), strings.Compare(x.Type, y.Type), strings.Compare(x.Webhook, y.Webhook))
	})
	return out, err
}

func latencySeries(in *monitoring.TimeSeries) (facts.LatencySeries, error) {
	out := facts.LatencySeries{Days: []facts.LatencyDay{}}
	if in.Metric != nil {
		out.Verb, out.Webhook = in.Metric.Labels["verb"], in.Metric.Labels["name"]
		switch in.Metric.Labels["type"] {
		case "admit":
			out.Type = "Mutating"
		case "validating":
			out.Type = "Validating"
		}
	}
	for _, p := range in.Points {
		if p.Interval == nil || p.Value == nil || p.Value.DistributionValue == nil {
			return out, errors.New("a point of a histogram is no distribution over a time")
		}
		end, err := time.Parse(time.RFC3339, p.Interval.EndTime)
		if err != nil {
			return out, err
		}
		latency, err := latencyOf(p.Value.DistributionValue)
		if err != nil {
			return out, err
		}
		out.Days = append(out.Days, facts.LatencyDay{End: end.UTC(), Latency: latency})
	}
	slices.SortFunc(out.Days, func(x, y facts.LatencyDay) int { return x.End.Compare(y.End) })
	return out, nil
}

func latencyOf(d *monitoring.Distribution) (facts.Latency, error) {
	bound, err := lowerBounds(d.BucketOptions)
	if err != nil {
		return facts.Latency{}, err
	}
	var total int64
	for _, n := range d.BucketCounts {
		total += n
	}
	over := func(oneIn int64) float64 {
		var slower int64
		for i := len(d.BucketCounts) - 1; i > 0; i-- {
			if slower += d.BucketCounts[i]; slower > 0 && slower*oneIn >= total {
				return bound(i)
			}
		}
		return 0
	}
	return facts.Latency{Count: total, HalfOver: over(2), OneInHundredOver: over(100)}, nil
}

// lowerBounds returns the lower bound of each bucket but the first, which has none
// (google.golang.org/api/monitoring/v3, BucketOptions).
func lowerBounds(o *monitoring.BucketOptions) (func(i int) float64, error) {
	switch {
	case o != nil && o.ExplicitBuckets != nil && len(o.ExplicitBuckets.Bounds) > 0:
		bounds := o.ExplicitBuckets.Bounds
		return func(i int) float64 { return bounds[min(i, len(bounds))-1] }, nil
	case o != nil && o.ExponentialBuckets != nil:
		e := o.ExponentialBuckets
		return func(i int) float64 { return e.Scale * math.Pow(e.GrowthFactor, float64(i-1)) }, nil
	case o != nil && o.LinearBuckets != nil:
		l := o.LinearBuckets
		return func(i int) float64 { return l.Offset + l.Width*float64(i-1) }, nil
	}
	return nil, errors.New("a histogram does not tell the bounds of its buckets")
}
