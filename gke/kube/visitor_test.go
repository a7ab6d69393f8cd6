package kube_test

import (
	"context"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"k8s.io/client-go/rest"

	"github.com/gke-preflight/gke-preflight/gke/kube"
)

// A visited answers as an API server might, and counts connections.
type visited struct {
	*httptest.Server
	mu      sync.Mutex
	from    map[string]bool
	code    int
	readyz  string
	version string
	metrics string
}

func newVisited(t *testing.T) (*visited, *kube.Visitor) {
	t.Helper()
	s := &visited{from: map[string]bool{}, code: 200, readyz: "[+]ping ok\nreadyz check passed\n", version: `{"gitVersion": "v1.36.3"}`}
	s.Server = httptest.NewUnstartedServer(s)
	s.EnableHTTP2 = true
	s.StartTLS()
	t.Cleanup(s.Close)
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
	v, err := kube.NewVisitor(&rest.Config{Host: s.URL, BearerToken: "token", TLSClientConfig: rest.TLSClientConfig{CAData: ca}}, kube.Options{Version: "test"})
	if err != nil {
		t.Fatal(err)
	}
	return s, v
}

func (s *visited) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.from[r.RemoteAddr] = true
	switch {
	case r.Header.Get("Authorization") != "Bearer token" || r.UserAgent() != "gke-preflight/test":
		w.WriteHeader(http.StatusUnauthorized)
	case r.URL.Path == "/readyz" && s.code == 0:
		s.mu.Unlock()
		<-r.Context().Done()
		s.mu.Lock()
	case r.URL.Path == "/readyz":
		w.WriteHeader(s.code)
		fmt.Fprint(w, s.readyz)
	case r.URL.Path == "/version":
		fmt.Fprint(w, s.version)
	case s.metrics == "":
		w.WriteHeader(http.StatusForbidden)
	default:
		fmt.Fprint(w, s.metrics)
	}
}

// Every visit has one connection for all that it asks, and no other visit has it.
func TestVisitsHaveConnectionsOfTheirOwn(t *testing.T) {
	s, v := newVisited(t)
	s.metrics = "process_start_time_seconds 1.7e9\n# TYPE apiserver_admission_webhook_rejection_count counter\n" +
		`apiserver_admission_webhook_rejection_count{error_type="calling_webhook_error",name="w",operation="CREATE",rejection_code="0",type="validating"} 3` + "\n"
	for range 3 {
		got, err := v.Visit(t.Context(), true)
		if err != nil || !got.Ready || got.Version != "1.36.3" || got.Red != nil || got.MetricsError != "" {
			t.Fatalf("the visit saw %+v, %v", got, err)
		}
		if m := got.Metrics; m == nil || m.StartedAt == "" || len(m.Webhooks) != 1 || m.Webhooks[0].Errors != 3 {
			t.Errorf("the metrics are %+v", m)
		}
	}
	if len(s.from) != 3 {
		t.Errorf("3 visits had %d connections", len(s.from))
	}
}

func TestRedChecks(t *testing.T) {
	s, v := newVisited(t)
	s.code, s.readyz = 500, "[+]ping ok\n[-]poststarthook/rbac/bootstrap-roles failed: reason withheld\n[+]x failed\n[-]autoregister-completion failed: reason withheld\nreadyz check failed\n"
	got, err := v.Visit(t.Context(), true)
	if want := []string{"poststarthook/rbac/bootstrap-roles", "autoregister-completion"}; err != nil || got.Ready || !slices.Equal(got.Red, want) {
		t.Errorf("the visit saw %+v, %v", got, err)
	}
	if got.Metrics != nil || !strings.Contains(got.MetricsError, "403") {
		t.Errorf("metrics that are forbidden are %+v, %q", got.Metrics, got.MetricsError)
	}
}

// What is no answer of an API server is no visit, and never a ready one.
func TestVisitsThatFail(t *testing.T) {
	for _, c := range []struct {
		name, readyz, version, says string
		code                        int
	}{
		{"forbidden", "", "", "Forbidden", 403},
		{"not served", "", "", "Not Found", 404},
		{"a proxy's page", "<html>bad gateway</html>", "", "502", 502},
		{"no version", "ok", "<html>", "no version", 200},
		{"hanging", "", "", "deadline", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, v := newVisited(t)
			s.code, s.readyz, s.version = c.code, c.readyz, c.version
			ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
			if c.code != 0 {
				cancel()
				ctx, cancel = context.WithCancel(t.Context())
			}
			defer cancel()
			if got, err := v.Visit(ctx, false); err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("the visit saw %+v, %v", got, err)
			}
		})
	}
}
