package google_test

import (
	"testing"
	"time"

	"cloud.google.com/go/recommender/apiv1/recommenderpb"
	"github.com/google/go-cmp/cmp"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/gke-preflight/gke-preflight/gke/gketest"
	"github.com/gke-preflight/gke-preflight/gke/google"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// insightsOf reads what o says of the recorded cluster.
func insightsOf(t *testing.T, s *gketest.Server, o google.Options) *facts.Snapshot {
	t.Helper()
	return collect(t, open(t, o, prod))
}

// TestInsights: the second page is read, and another cluster's insight and a
// dismissed one are left out.
func TestInsights(t *testing.T) {
	s := serve(t, "failed-upgrade")
	got := facts.GKEInsights.Of(insightsOf(t, s, google.Options{Endpoint: s.URL, Insights: s.URL}))
	want := []facts.Insight{
		{Name: "1d0c7a55-9c1f-4b1e-8a77-2f0b6f9a1c01", Subtype: "K8S_ADMISSION_WEBHOOK_UNSAFE", Description: "Webhooks intercept resources that are critical for the cluster.",
			Severity: "MEDIUM", Refreshed: time.Date(2026, 11, 22, 4, 10, 0, 0, time.UTC)},
		{Name: "77aa0f3e-0000-4000-8000-2f0b6f9a1c03", Subtype: "PDB_UNPERMISSIVE", Description: "A PodDisruptionBudget permits no disruption.",
			Severity: "LOW", Refreshed: time.Date(2026, 11, 22, 4, 11, 0, 0, time.UTC)},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	pages := 0
	for _, c := range s.Calls() {
		if c.Method == "ListInsights" {
			pages++
			if c.Name != "projects/acme-prod/locations/europe-west1/insightTypes/google.container.DiagnosisInsight" {
				t.Errorf("asked for %q", c.Name)
			}
		}
	}
	if pages != 2 {
		t.Errorf("%d pages were read", pages)
	}
}

// TestInsightsAbsent: insights are optional, so nothing else is missing with
// them, and each reason is told apart.
func TestInsightsAbsent(t *testing.T) {
	off, err := status.New(codes.PermissionDenied, "Recommender API has not been used in project 718400291355").
		WithDetails(&errdetails.ErrorInfo{Reason: "SERVICE_DISABLED", Domain: "googleapis.com"})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		err  error
		want facts.Absence
	}{
		{"the API is off", off.Err(), facts.Absence{Reason: facts.Forbidden, Detail: "the Recommender API is off in project acme-prod: run gcloud services enable recommender.googleapis.com --project acme-prod"}},
		{"forbidden", status.Error(codes.PermissionDenied, `Permission "recommender.containerDiagnosisInsights.list" denied`),
			facts.Absence{Reason: facts.Forbidden, Detail: `Permission "recommender.containerDiagnosisInsights.list" denied`}},
		{"fails", status.Error(codes.Internal, "oops"), facts.Absence{Reason: facts.Failed, Detail: "oops"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := serve(t, "standard-regional")
			s.Fail("ListInsights", c.err)
			snapshot := insightsOf(t, s, google.Options{Endpoint: s.URL, Insights: s.URL})
			if a, _ := snapshot.Absence(facts.GKEInsights); a != c.want {
				t.Errorf("got %s, want %s", a, c.want)
			}
			for _, f := range ofGKE {
				if a, absent := snapshot.Absence(f); absent {
					t.Errorf("%s is absent too: %s", f.ID(), a)
				}
			}
		})
	}
	s := serve(t, "standard-regional")
	if a, _ := insightsOf(t, s, google.Options{Endpoint: s.URL}).Absence(facts.GKEInsights); a.Reason != facts.LeftOut {
		t.Errorf("with another GKE API and no Recommender the reason is %s", a)
	}
	if a, _ := insightsOf(t, s, google.Options{NoGKE: true}).Absence(facts.GKEInsights); a != (facts.Absence{Reason: facts.LeftOut, Detail: "--no-gke"}) {
		t.Errorf("with --no-gke the reason is %s", a)
	}
	_, err = google.Open(t.Context(), google.Options{Endpoint: s.URL, Insights: "recommender:443"}, prod)
	if want := `the endpoint "recommender:443" is no URL: pass --recommender-endpoint to one such as https://container.googleapis.com`; err == nil || err.Error() != want {
		t.Errorf("got %v", err)
	}
}

// TestNewInsights: a severity and a subtype that this version does not know stay
// what they are, and an insight in a state it does not know is not dropped.
func TestNewInsights(t *testing.T) {
	s := serve(t, "standard-regional")
	s.Answer("ListInsights", &recommenderpb.ListInsightsResponse{Insights: []*recommenderpb.Insight{{
		Name: "projects/1/locations/europe-west1/insightTypes/google.container.DiagnosisInsight/insights/a", InsightSubtype: "MOON_PHASE", Severity: 9,
		TargetResources: []string{"//container.googleapis.com/projects/1/locations/europe-west1/clusters/prod"},
		StateInfo:       &recommenderpb.InsightStateInfo{State: recommenderpb.InsightStateInfo_ACTIVE},
	}}})
	got := facts.GKEInsights.Of(insightsOf(t, s, google.Options{Endpoint: s.URL, Insights: s.URL}))
	if len(got) != 1 || got[0].Subtype != "MOON_PHASE" || got[0].Severity != "9" || !got[0].Refreshed.IsZero() {
		t.Errorf("got %+v", got)
	}
}
