package bench

import (
	"os/exec"
	"testing"
	"time"

	"github.com/gke-preflight/gke-preflight/gke/controlplane"
	"github.com/gke-preflight/gke-preflight/gke/controlplane/rig"
	"github.com/gke-preflight/gke-preflight/testdata/controlplane/bound"
)

// mostSmall is how long the program may take on a cluster with almost nothing in it.
const mostSmall = 250 * time.Millisecond

// BenchmarkSmall runs the program itself on a healthy cluster that is almost empty.
func BenchmarkSmall(b *testing.B) {
	c := rig.Start(b, controlplane.Options{})
	tool := rig.Tool(b)
	var checked []time.Duration
	for range b.N {
		for range 3 * rounds {
			cmd := exec.Command(tool, "check", "--kubeconfig", c.Kubeconfig, "--no-gke", "--target-version", rig.Newest(b).Version)
			checked = append(checked, took(func() { _ = cmd.Run() }))
			if code := cmd.ProcessState.ExitCode(); code != 0 && code != 4 {
				b.Fatalf("exit code %d", code)
			}
		}
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(median(checked).Seconds(), "check-s")
	bound.Hold(b, "check of a healthy cluster that is almost empty", median(checked).Seconds(), mostSmall.Seconds(), "s")
}
