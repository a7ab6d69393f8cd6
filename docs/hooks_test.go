package docs_test

import (
	"testing"

	"github.com/gke-preflight/gke-preflight/docs"
	"github.com/gke-preflight/gke-preflight/preflight/bootstrap"
	"github.com/gke-preflight/gke-preflight/preflight/forecast"
)

// TestEveryHookHasAPage asks for the hooks of every minor on record.
func TestEveryHookHasAPage(t *testing.T) {
	hooks := 0
	for _, minor := range bootstrap.Minors() {
		for _, h := range bootstrap.HooksOf(minor) {
			hooks++
			if _, ok := docs.Page(h.Name); !ok {
				t.Errorf("docs/hooks/%s.md is missing", h.Name)
			}
		}
	}
	if hooks == 0 {
		t.Error("no plan names a hook")
	}
}

func TestEveryOutcomeHasAPage(t *testing.T) {
	for _, o := range []forecast.Outcome{forecast.Ready, forecast.Degraded, forecast.Delayed, forecast.Unknown, forecast.NeverReady, forecast.CrashLoop} {
		if _, ok := docs.Page(string(o)); !ok {
			t.Errorf("docs/outcomes/%s.md is missing", o)
		}
	}
}
