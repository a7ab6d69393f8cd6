package rehearse_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gke-preflight/gke-preflight/gke/controlplane/binaries"
	"github.com/gke-preflight/gke-preflight/gke/rehearse"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/rehearsal"
)

// TestRecordings rehearses every recording there is: what was foretold of it really
// happens, or the forecast leaves it open. "make test-rehearse" runs it.
func TestRecordings(t *testing.T) {
	if os.Getenv(binaries.MinorsEnv) != "all" {
		t.Skip("takes minutes, and older minors: make test-rehearse runs it")
	}
	for _, pattern := range []string{"../../testdata/recorded/*.zip", "../../testdata/recorded/cases/*.zip"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %v", pattern, err)
		}
		for _, file := range files {
			t.Run(strings.TrimSuffix(filepath.Base(file), ".zip"), func(t *testing.T) {
				t.Parallel()
				b, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				s, err := facts.LoadZip(b)
				if err != nil {
					t.Fatal(err)
				}
				agrees(t, s)
			})
		}
	}
}

// agrees rehearses s. Nothing may be otherwise than foretold, and the control must hold.
func agrees(t *testing.T, s *facts.Snapshot) rehearsal.Result {
	t.Helper()
	all, err := rehearse.Run(t.Context(), rehearse.Options{Snapshot: s})
	if err != nil {
		t.Fatal(err)
	}
	r := all[0]
	t.Logf("%s → %s: %s after %.1f s, foretold %s: %s %s", r.From, r.To, r.Outcome, r.Start.Seconds, r.Foretold, r.Agreement, strings.Join(r.Problems, "; "))
	if r.Agreement == rehearsal.Differs || r.Agreement == rehearsal.Nothing {
		t.Errorf("%s: %q", r.Agreement, r.Differences)
	}
	return r
}

// TestLargeCluster loads 2,000 objects.
func TestLargeCluster(t *testing.T) {
	if os.Getenv(binaries.MinorsEnv) != "all" {
		t.Skip("measures: make test-rehearse runs it")
	}
	s := cluster(t, allowed)
	services, _ := facts.Services.Get(s)
	for n := range 1000 {
		services = append(services, facts.Service{Namespace: "default", Name: fmt.Sprintf("s%d", n), Type: "ClusterIP",
			Ports: []facts.ServicePort{{Port: 80, Protocol: "TCP"}}})
	}
	namespaces, _ := facts.Namespaces.Get(s)
	for n := range 1000 {
		namespaces = append(namespaces, facts.Namespace{Name: fmt.Sprintf("n%d", n)})
	}
	r := agrees(t, s.With(facts.Present(facts.Services, services), facts.Present(facts.Namespaces, namespaces)))
	if r.Loaded.Objects < 2000 {
		t.Errorf("%d objects were loaded", r.Loaded.Objects)
	}
	t.Logf("%d objects in %.1f s", r.Loaded.Objects, r.Loaded.Seconds)
}
