package docs_test

import (
	"testing"

	"github.com/gke-preflight/gke-preflight/docs"
	"github.com/gke-preflight/gke-preflight/preflight/bootstrap"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/forecast"
)

// TestEveryHookHasAPage asks for the hooks that any minor's plan can name.
func TestEveryHookHasAPage(t *testing.T) {
	hooks := 0
	for _, target := range bootstrap.Minors() {
		s := facts.New(facts.Meta{Target: target}, facts.Present(facts.ServerVersion, facts.Version{GitVersion: "v1.35.4"}))
		for _, h := range bootstrap.Of(s).Hooks {
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
