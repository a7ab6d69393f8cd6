package kube_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gke-preflight/gke-preflight/gke/kube"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

const someMetrics = `# HELP aggregator_discovery_aggregation_count_total not used
# TYPE aggregator_discovery_aggregation_count_total counter
aggregator_discovery_aggregation_count_total 41
# HELP apiserver_admission_webhook_admission_duration_seconds [STABLE] Admission webhook latency histogram in seconds
# TYPE apiserver_admission_webhook_admission_duration_seconds histogram
apiserver_admission_webhook_admission_duration_seconds_bucket{name="opa",operation="CREATE",rejected="false",type="validating",le="0.005"} 60
apiserver_admission_webhook_admission_duration_seconds_bucket{name="opa",operation="CREATE",rejected="false",type="validating",le="2.5"} 95
apiserver_admission_webhook_admission_duration_seconds_bucket{name="opa",operation="CREATE",rejected="false",type="validating",le="10"} 98
apiserver_admission_webhook_admission_duration_seconds_bucket{name="opa",operation="CREATE",rejected="false",type="validating",le="+Inf"} 98
apiserver_admission_webhook_admission_duration_seconds_sum{name="opa",operation="CREATE",rejected="false",type="validating"} 40
apiserver_admission_webhook_admission_duration_seconds_count{name="opa",operation="CREATE",rejected="false",type="validating"} 98
apiserver_admission_webhook_admission_duration_seconds_bucket{name="opa",operation="UPDATE",rejected="true",type="validating",le="0.005"} 2
apiserver_admission_webhook_admission_duration_seconds_bucket{name="opa",operation="UPDATE",rejected="true",type="validating",le="2.5"} 2
apiserver_admission_webhook_admission_duration_seconds_bucket{name="opa",operation="UPDATE",rejected="true",type="validating",le="10"} 2
apiserver_admission_webhook_admission_duration_seconds_bucket{name="opa",operation="UPDATE",rejected="true",type="validating",le="+Inf"} 2
apiserver_admission_webhook_admission_duration_seconds_sum{name="opa",operation="UPDATE",rejected="true",type="validating"} 0.1
apiserver_admission_webhook_admission_duration_seconds_count{name="opa",operation="UPDATE",rejected="true",type="validating"} 2
# TYPE apiserver_admission_webhook_fail_open_count counter
apiserver_admission_webhook_fail_open_count{name="inject",type="admit"} 7
# TYPE apiserver_admission_webhook_rejection_count counter
apiserver_admission_webhook_rejection_count{error_type="calling_webhook_error",name="opa",operation="CREATE",rejection_code="0",type="validating"} 3
apiserver_admission_webhook_rejection_count{error_type="no_error",name="opa",operation="UPDATE",rejection_code="403",type="validating"} 2
# TYPE apiserver_request_duration_seconds histogram
apiserver_request_duration_seconds_bucket{component="apiserver",dry_run="",group="",resource="configmaps",scope="resource",subresource="",verb="GET",version="v1",le="+Inf"} 900000
apiserver_request_duration_seconds_bucket{component="apiserver",dry_run="",group="",resource="configmaps",scope="resource",subresource="",verb="PUT",version="v1",le="0.05"} 10
apiserver_request_duration_seconds_bucket{component="apiserver",dry_run="",group="",resource="configmaps",scope="resource",subresource="",verb="PUT",version="v1",le="1"} 10
apiserver_request_duration_seconds_bucket{component="apiserver",dry_run="",group="",resource="configmaps",scope="resource",subresource="",verb="PUT",version="v1",le="+Inf"} 40
apiserver_request_duration_seconds_sum{component="apiserver",dry_run="",group="",resource="configmaps",scope="resource",subresource="",verb="PUT",version="v1"} 90
apiserver_request_duration_seconds_count{component="apiserver",dry_run="",group="",resource="configmaps",scope="resource",subresource="",verb="PUT",version="v1"} 40
# TYPE apiserver_requested_deprecated_apis gauge
apiserver_requested_deprecated_apis{group="flowcontrol.apiserver.k8s.io",removed_release="1.32",resource="flowschemas",subresource="",version="v1beta3"} 1
# TYPE process_start_time_seconds gauge
process_start_time_seconds 1.79532e+09
`

func TestMetrics(t *testing.T) {
	s := serve(t)
	s.handle("/metrics", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(someMetrics))
	})
	got := facts.APIServerMetrics.Of(s.collect(t, kube.Options{}))
	want := facts.Metrics{
		StartedAt: "2026-11-22T04:00:00Z",
		Webhooks: []facts.WebhookCalls{
			{Webhook: "inject", Type: "Mutating", FailedOpen: 7},
			{Webhook: "opa", Type: "Validating", Latency: facts.Latency{Count: 100, OneInHundredOver: 2.5}, Denials: 2, Errors: 3},
		},
		Writes:     []facts.WriteLatency{{Verb: "PUT", Resource: "configmaps", Latency: facts.Latency{Count: 40, HalfOver: 1, OneInHundredOver: 1}}},
		Deprecated: []facts.DeprecatedRequest{{Group: "flowcontrol.apiserver.k8s.io", Version: "v1beta3", Resource: "flowschemas", RemovedIn: "1.32"}},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
}

// TestMetricsThatCannotBeRead: what can't be read is absent, never empty.
func TestMetricsThatCannotBeRead(t *testing.T) {
	for name, h := range map[string]http.HandlerFunc{
		"forbidden":    func(w http.ResponseWriter, _ *http.Request) { status(w, http.StatusForbidden, "Forbidden", "no") },
		"endless line": func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(strings.Repeat("x", 1<<20))) },
		"not metrics": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte("process_start_time_seconds {{{\n"))
		},
		"cut in a line": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "99999")
			_, _ = w.Write([]byte(someMetrics))
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t)
			s.handle("/metrics", h)
			if _, absent := s.collect(t, kube.Options{}).Absence(facts.APIServerMetrics); !absent {
				t.Error("it is present")
			}
		})
	}
}
