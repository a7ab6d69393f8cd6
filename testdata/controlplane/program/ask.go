// Package program runs the built program on clusters of the rig, as a user would.
package program

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"testing"

	"github.com/gke-preflight/gke-preflight/gke/controlplane/rig"
	"github.com/gke-preflight/gke-preflight/preflight"
)

// Ask runs a command of the program at that path on the cluster, without GKE and for the
// newest minor, reads into v the JSON that it prints, and returns its exit code. It is an
// error that the program could not run, or prints something else.
func Ask(t testing.TB, path string, v any, command, kubeconfig string, args ...string) (code int, err error) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	cmd := exec.Command(path, append([]string{command, "--kubeconfig", kubeconfig, "--no-gke", "--target-version", rig.Newest(t).Version, "-o", "json"}, args...)...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err = cmd.Run()
	var exit *exec.ExitError
	if err != nil && (!errors.As(err, &exit) || exit.ExitCode() == preflight.ExitCouldNotRun) {
		return preflight.ExitCouldNotRun, fmt.Errorf("%w: %s", err, stderr.String())
	}
	return cmd.ProcessState.ExitCode(), json.Unmarshal(stdout.Bytes(), v)
}
