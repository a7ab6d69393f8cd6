package proof

import (
	"encoding/json"
	"os/exec"
	"testing"

	"github.com/gke-preflight/gke-preflight/gke/controlplane/rig"
	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/forecast"
)

// A live cluster is rehearsed with the flags of check, beside it, and nothing is done to
// it.
func TestRehearseLive(t *testing.T) {
	t.Parallel()
	rig.Require(t)
	tool := rig.Tool(t)
	c := start(t)
	cmd := exec.Command(tool, "rehearse", "--kubeconfig", c.Kubeconfig, "--no-gke", "--target-version", rig.Newest(t).Version, "-o", "json", "--exit-zero")
	out, err := cmd.Output()
	var r preflight.Report
	if err != nil || json.Unmarshal(out, &r) != nil || len(r.Rehearsals) != 1 {
		t.Fatalf("%v: %s", err, out)
	}
	if x := r.Rehearsals[0]; x.Outcome != forecast.Ready || !x.Confirms() {
		t.Errorf("%+v", x)
	}
	changedNothing(t, c)
}
