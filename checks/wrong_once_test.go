package checks

import (
	"strings"
	"testing"

	"github.com/gke-preflight/gke-preflight/preflight"
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
