package gketest

import (
	"context"
	"slices"
	"strings"

	"cloud.google.com/go/monitoring/apiv3/v2/monitoringpb"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// ListTimeSeries answers with the series in time-series.json that have the metric and
// the labels that the filter names, if it names the cluster, whatever the interval.
// They are recorded as they are once aggregated, without the labels of each API server,
// so a request that asks for no aggregation is refused.
func (s service) ListTimeSeries(_ context.Context, r *monitoringpb.ListTimeSeriesRequest) (*monitoringpb.ListTimeSeriesResponse, error) {
	all := &monitoringpb.ListTimeSeriesResponse{}
	if err := s.read("ListTimeSeries", r.GetName(), "time-series.json", all); err != nil {
		return nil, err
	}
	a := r.GetAggregation()
	if r.GetInterval().GetEndTime() == nil || a.GetAlignmentPeriod() == nil || a.GetPerSeriesAligner() == 0 || a.GetCrossSeriesReducer() == 0 || len(a.GetGroupByFields()) == 0 {
		return nil, status.Errorf(codes.InvalidArgument, "the request must tell its interval and aggregation: %v", r)
	}
	known, err := s.cluster()
	if err != nil {
		return nil, err
	}
	parts := strings.Split(known, "/")
	asked := terms(r.GetFilter())
	series := slices.DeleteFunc(all.GetTimeSeries(), func(t *monitoringpb.TimeSeries) bool {
		has := map[string]string{"metric.type": t.GetMetric().GetType(), "resource.type": t.GetResource().GetType()}
		for k, v := range t.GetMetric().GetLabels() {
			has["metric.labels."+k] = v
		}
		has["resource.labels.location"], has["resource.labels.cluster"] = parts[3], parts[5]
		return slices.ContainsFunc(asked, func(t [2]string) bool { return !strings.Contains(t[1], `"`+has[t[0]]+`"`) })
	})
	page := &monitoringpb.ListTimeSeriesResponse{}
	page.TimeSeries, page.NextPageToken = pageOf(series, r.GetPageToken())
	return page, nil
}

// terms takes a filter of terms apart that all must hold.
func terms(filter string) (out [][2]string) {
	for _, t := range strings.Split(filter, " AND ") {
		name, value, _ := strings.Cut(t, " = ")
		out = append(out, [2]string{name, value})
	}
	return out
}
