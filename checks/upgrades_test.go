package checks

import (
	"regexp"
	"strings"
	"testing"

	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/remedy"
)

// upgrades tells by a command of gcloud's what it upgrades.
var upgrades = map[remedy.Part]*regexp.Regexp{
	remedy.ControlPlane: regexp.MustCompile(`--master\b|complete-control-plane-upgrade`),
	remedy.Nodes:        regexp.MustCompile(`clusters upgrade .*--node-pool\b`),
}

// TestStepsSayWhatTheyUpgrade finds a step that upgrades a part of the cluster and does
// not say so: who upgrades nodes alone would be given a command for the control plane.
func TestStepsSayWhatTheyUpgrade(t *testing.T) {
	for _, f := range advised(t) {
		for _, s := range f.Steps {
			var all []string
			for _, c := range s.Commands {
				all = append(all, c.Text)
			}
			for part, command := range upgrades {
				if says := s.Upgrades == part; says != command.MatchString(strings.Join(all, "\n")) {
					t.Errorf("%s: says that it upgrades the %s: %t, of\n%s\n%s", f.Check, part, says, s.Text, strings.Join(all, "\n"))
				}
			}
		}
	}
}

// TestNodesAlone runs every case of every check for somebody who upgrades nodes alone:
// nothing may be given to copy that starts the control plane anew.
func TestNodesAlone(t *testing.T) {
	left := 0
	for _, c := range All() {
		for _, k := range casesOf(t, c.ID) {
			m := k.s.Meta
			m.NodesAlone = true
			for _, f := range preflight.Run(k.s.WithMeta(m), []preflight.Check{c})[0].Findings {
				if found := upgrades[remedy.ControlPlane].FindString(f.Remedy); found != "" {
					t.Errorf("%s gives %s to copy:\n%s", k.file, found, f.Remedy)
				}
				if strings.Contains(f.Remedy, "that upgrades the control plane, which is left as it is here") {
					left++
				}
			}
		}
	}
	if left == 0 {
		t.Error("no check has a step that upgrades the control plane, so this proves nothing")
	}
}
