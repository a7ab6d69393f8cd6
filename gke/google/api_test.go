package google_test

import (
	"os"
	"strings"
	"testing"

	"github.com/gke-preflight/gke-preflight/gke/gketest"
	"github.com/gke-preflight/gke-preflight/gke/google"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

var prod = facts.Cluster{Project: "acme-prod", Location: "europe-west1", Name: "prod"}

func serve(t *testing.T, kind string) *gketest.Server {
	t.Helper()
	s, err := gketest.Serve(os.DirFS("../../testdata/gke/" + kind))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// open asks what o says about the recorded cluster.
func open(t *testing.T, o google.Options, c facts.Cluster) *google.API {
	t.Helper()
	gketest.Isolate(t)
	o.Version = "test"
	a, err := google.Open(t.Context(), o, c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	})
	return a
}

// TestOnlyReads: no method that changes anything is called, and no token is
// sent to an endpoint without TLS, although there are credentials.
func TestOnlyReads(t *testing.T) {
	s := serve(t, "standard-regional")
	gketest.Isolate(t)
	gketest.ServiceAccount(t, "")
	a, err := google.Open(t.Context(), google.Options{Endpoint: s.URL, Version: "test"}, prod)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	a.Collect(t.Context(), nil)
	reads := map[string]int{"GetCluster": 1, "GetServerConfig": 1, "ListOperations": 1, "FetchClusterUpgradeInfo": 1, "FetchNodePoolUpgradeInfo": 2}
	for _, call := range s.Calls() {
		reads[call.Method]--
		for _, header := range []string{"Authorization", "X-Goog-Api-Key", "X-Goog-User-Project"} {
			if v := call.Header.Get(header); v != "" {
				t.Errorf("%s carries %s: %s", call.Method, header, v)
			}
		}
		if !strings.Contains(call.Header.Get("User-Agent"), "gke-preflight/test") {
			t.Errorf("%s is by %q", call.Method, call.Header.Get("User-Agent"))
		}
	}
	for method, left := range reads {
		if left != 0 {
			t.Errorf("%s was called %d times too few", method, left)
		}
	}
}
