package checks

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// TestWrongOnce holds what recordings are told on which it was wrong once.
func TestWrongOnce(t *testing.T) {
	all := everyRecording(t)
	for name, want := range map[string]struct{ check, says string }{
		"overrun.zip": {"GP106", "slow"},
		"v6.zip":      {"GP115", "fd00::"},
		"gp153.zip":   {"GP153", ""},
		"gp314.zip":   {"GP314", ""},
		"gp413.zip":   {"GP413", ""},
	} {
		s, ok := all[name]
		if !ok {
			t.Fatalf("there is no %s", name)
		}
		said := ""
		for _, r := range preflight.Run(s, All()) {
			for _, f := range r.Findings {
				if f.Check == want.check {
					said += f.Subject.String() + ": " + f.Summary + "\n"
				}
			}
		}
		if said == "" || !strings.Contains(said, want.says) {
			t.Errorf("%s: %s does not say %q: %q", name, want.check, want.says, said)
		}
	}
}

// TestSilentOnce holds what recordings are told of what an upgrade of nodes needs, on which
// it was silent once: as a finding, or as what could not be told.
func TestSilentOnce(t *testing.T) {
	for name, want := range map[string]struct{ check, says string }{
		"05-cni-elsewhere-up.zip":           {"GP132", "new nodes that join meanwhile get no network"},
		"28-pdb-unhealthy.zip":              {"GP401", "unhealthyPodEvictionPolicy: AlwaysAllow"},
		"30-odigos.zip":                     {"GP417", "ask for system-cluster-critical"},
		"38-istiod-pdb-in-istio-system.zip": {"GP401", "istio-system/istiod"},
		"23-k8ssandra-konnectivity-up.zip":  {"GP123", "can't come back"},
	} {
		b, err := os.ReadFile(filepath.Join("../testdata/recorded/others", name))
		if err != nil {
			t.Fatal(err)
		}
		s, err := facts.LoadZip(b)
		if err != nil {
			t.Fatal(err)
		}
		said := ""
		for _, r := range preflight.Run(s, All()) {
			if r.Check.ID != want.check {
				continue
			}
			for _, f := range r.Findings {
				said += f.Summary + "\n" + f.Remedy + "\n"
			}
			for _, f := range r.Open {
				said += f.Undecided + "\n"
			}
		}
		if !strings.Contains(said, want.says) {
			t.Errorf("%s: %s does not say %q: %q", name, want.check, want.says, said)
		}
	}
}
