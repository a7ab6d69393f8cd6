package google_test

import (
	"testing"

	"cloud.google.com/go/container/apiv1/containerpb"
	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/gke-preflight/gke-preflight/gke/gketest"
	"github.com/gke-preflight/gke-preflight/gke/google"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

func fromAll(t *testing.T, s *gketest.Server) *facts.Snapshot {
	t.Helper()
	return insightsOf(t, s, google.Options{Endpoint: s.URL, Compute: s.URL, Monitoring: s.URL})
}

func TestLatency(t *testing.T) {
	s := serve(t, "failed-upgrade")
	h := facts.GKELatency.Of(fromAll(t, s))
	if len(h.Writes) != 3 || h.Writes[1].Verb != "POST" || len(h.Webhooks) != 1 {
		t.Fatalf("got %+v", h)
	}
	var days []float64
	for _, d := range h.Writes[1].Days {
		days = append(days, d.OneInHundredOver)
	}
	if diff := cmp.Diff([]float64{0.1, 0.1, 0.2, 0.5, 1.25, 5, 10}, days); diff != "" {
		t.Error(diff)
	}
	want := facts.LatencyDay{End: at("2026-11-23T02:00:00Z"), Latency: facts.Latency{Count: 8000, HalfOver: 0.05, OneInHundredOver: 10}}
	if diff := cmp.Diff(want, h.Writes[1].Days[6]); diff != "" {
		t.Error(diff)
	}
	if w := h.Webhooks[0]; w.Type != "Validating" || w.Webhook != "validating-webhook.openpolicyagent.org" {
		t.Errorf("got %+v", w)
	}
}

func TestLatencyAbsent(t *testing.T) {
	for name, c := range map[string]struct {
		arrange func(*gketest.Server)
		reason  facts.Reason
		detail  string
	}{
		"forbidden": {func(s *gketest.Server) {
			s.Fail("ListTimeSeries", status.Error(codes.PermissionDenied, "Permission monitoring.timeSeries.list denied (or the resource may not exist)."))
		}, facts.Forbidden, "Permission monitoring.timeSeries.list denied (or the resource may not exist)."},
		"not kept": {func(s *gketest.Server) {
			s.Patch(func(c *containerpb.Cluster) { c.MonitoringConfig = nil })
		}, facts.NotCollected, "the cluster does not send its API server's metrics to Cloud Monitoring"},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, "failed-upgrade")
			c.arrange(s)
			a, _ := fromAll(t, s).Absence(facts.GKELatency)
			if want := (facts.Absence{Reason: c.reason, Detail: c.detail}); a != want {
				t.Errorf("got %s", a)
			}
		})
	}
}

func TestQuotas(t *testing.T) {
	s := serve(t, "standard-regional")
	q := facts.GKEQuotas.Of(insightsOf(t, s, google.Options{Endpoint: s.URL, Compute: s.URL}))
	if q.Region != "europe-west1" || len(q.Quotas) != 10 || q.Quotas[0] != (facts.Quota{Metric: "CPUS", Limit: 4800, Usage: 24}) {
		t.Errorf("got %+v", q)
	}
	s.Fail("GetRegion", status.Error(codes.PermissionDenied, `Required 'compute.regions.get' permission for 'projects/acme-prod/regions/europe-west1'`))
	a, _ := insightsOf(t, s, google.Options{Endpoint: s.URL, Compute: s.URL}).Absence(facts.GKEQuotas)
	if want := (facts.Absence{Reason: facts.Forbidden, Detail: `Required 'compute.regions.get' permission for 'projects/acme-prod/regions/europe-west1'`}); a != want {
		t.Errorf("got %s", a)
	}
}
