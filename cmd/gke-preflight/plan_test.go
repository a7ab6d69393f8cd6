package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/gke-preflight/gke-preflight/preflight"
)

// TestPlanContactsNobody holds what a plan without an upgrade asks the GKE API against
// what one with an upgrade does.
func TestPlanContactsNobody(t *testing.T) {
	var asked atomic.Int64
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		w.WriteHeader(http.StatusForbidden)
	}))
	t.Cleanup(api.Close)
	for file, want := range map[string]struct {
		code int
		asks bool
	}{"labels.json": {preflight.ExitReady, false}, "one.json": {preflight.ExitInconclusive, true}} {
		asked.Store(0)
		code := run([]string{"plan", filepath.Join(root, "testdata/terraform", file), "--gke-endpoint", api.URL}, stdio{nil, io.Discard, os.Stderr})
		if code != want.code || (asked.Load() > 0) != want.asks {
			t.Errorf("%s: exit code %d after %d questions, want %+v", file, code, asked.Load(), want)
		}
	}
}
