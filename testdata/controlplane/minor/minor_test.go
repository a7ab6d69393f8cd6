package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gke-preflight/gke-preflight/gke/controlplane/binaries"
)

// TestNewestAgain takes the newest minor out of a clone and adds it again, with
// the command of docs/new-minor.md: what comes out is what is committed, byte for
// byte. "make test-minor" runs it.
func TestNewestAgain(t *testing.T) {
	if os.Getenv(binaries.MinorsEnv) != "all" {
		t.Skip("takes minutes: make test-minor runs it")
	}
	_, newest, err := binaries.Hop()
	if err != nil {
		t.Fatal(err)
	}
	clone := filepath.Join(t.TempDir(), "clone")
	run := func(dir, name string, args ...string) string {
		t.Helper()
		cmd := exec.Command(name, args...)
		cmd.Dir = dir
		said, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, said)
		}
		return string(said)
	}
	root := strings.TrimSpace(run(".", "git", "rev-parse", "--show-toplevel"))
	run(root, "git", "clone", "-q", root, clone)
	for _, made := range []string{"gke/controlplane/binaries/modules/v" + newest.Minor() + ".mod", "gke/controlplane/binaries/modules/v" + newest.Minor() + ".sum", "preflight/bootstrap/catalogue/data/" + newest.Minor() + ".json"} {
		if err := os.RemoveAll(filepath.Join(clone, made)); err != nil {
			t.Fatal(err)
		}
	}
	run(clone, "make", "-s", "pages")
	if gone := run(clone, "git", "status", "--porcelain"); !strings.Contains(gone, "hops.txt") || !strings.Contains(gone, "hooks.md") {
		t.Fatalf("without %s no page changes:\n%s", newest.Minor(), gone)
	}
	run(clone, "make", "-s", "minor", "VERSION="+newest.Version)
	if other := run(clone, "git", "status", "--porcelain") + run(clone, "git", "diff"); other != "" {
		t.Errorf("added again, %s is not what is committed:\n%s", newest.Minor(), other)
	}
}
