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

// large are the commands on the cluster itself, and on its recording, which the first writes.
func large(b *testing.B, c *rig.Cluster) map[string][]string {
	b.Helper()
	recording := filepath.Join(b.TempDir(), "large.zip")
	live := []string{"--kubeconfig", c.Kubeconfig, "--no-gke", "--target-version", rig.Newest(b).Version}
	return map[string][]string{
		"snapshot":             append([]string{"snapshot", "--file", recording}, live...),
		"check":                append([]string{"check", "--exit-zero"}, live...),
		"check of a recording": {"check", "--exit-zero", "--snapshot", recording},
	}
}

// program runs the program itself, and returns how long it took and how much memory it had
// at most. The kernel counts in what this process has when it starts the other.
func program(b *testing.B, args []string) (time.Duration, int) {
	b.Helper()
	tool := rig.Tool(b)
	debug.FreeOSMemory()
	resetPeak(b)
	cmd := exec.Command(tool, args...)
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
