package bench

import (
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"syscall"
	"testing"
	"time"

	"github.com/gke-preflight/gke-preflight/gke/controlplane/rig"
)

// snapshot runs the program itself on the cluster, probing and writing a
// recording too, and returns how long it took and how much memory it had at
// most. The kernel counts in what this process has when it starts the other.
func snapshot(b *testing.B, c *rig.Cluster) (time.Duration, int) {
	b.Helper()
	dir, tool := b.TempDir(), rig.Tool(b)
	debug.FreeOSMemory()
	resetPeak(b)
	cmd := exec.Command(tool, "snapshot", "--file", filepath.Join(dir, "large.zip"), "--kubeconfig", c.Kubeconfig, "--no-gke", "--target-version", rig.Newest(b).Version)
	// As users have it, whatever collects garbage here.
	cmd.Env = append(cmd.Environ(), "GOGC=100")
	elapsed := took(func() { run(b, cmd) })
	return elapsed, int(cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss / 1024)
}

func run(b *testing.B, cmd *exec.Cmd) {
	b.Helper()
	if said, err := cmd.CombinedOutput(); err != nil {
		b.Fatalf("%v: %s", err, said)
	}
}
