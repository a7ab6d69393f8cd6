package rig

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"testing"

	"github.com/rogpeppe/go-internal/lockedfile"

	"github.com/gke-preflight/gke-preflight/gke/controlplane/binaries"
)

// Newest returns the newest kube-apiserver, to which everyday tests upgrade.
func Newest(t testing.TB) binaries.Binary {
	t.Helper()
	_, to, err := binaries.Hop()
	if err != nil {
		t.Fatal(err)
	}
	return to
}

// Tool returns the path of the program as users have it, built from the sources
// that stand here. All tests, of whatever process, share one file, which go build
// links anew only where the sources have changed.
func Tool(t testing.TB) string {
	t.Helper()
	file, err := tool()
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// tool asks go build once, which takes most of a second to find that nothing has changed.
var tool = sync.OnceValues(func() (string, error) {
	_, here, _, _ := runtime.Caller(0)
	root := filepath.Join(filepath.Dir(here), "..", "..", "..")
	file := filepath.Join(root, "bin", "under-test", "gke-preflight")
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return "", err
	}
	done, err := lockedfile.MutexAt(file + ".lock").Lock()
	if err != nil {
		return "", err
	}
	defer done()
	cmd := exec.Command("go", "build", "-ldflags=-s -w", "-o", file, "./cmd/gke-preflight")
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return file, nil
})
