package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gke-preflight/gke-preflight/preflight/addons"
)

// TestReproducible reads the lists in Go modules anew; the others stay for want of
// checkouts. What comes out is what is committed, byte for byte.
func TestReproducible(t *testing.T) {
	made, err := read("")
	if err != nil {
		t.Fatal(err)
	}
	there, err := os.ReadFile("../../" + output)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(written(made), there) {
		t.Error("make addons would change it")
	}
}

// TestCheckout: a row says of which commit it is, and the day of that commit, whenever it
// is read. A list that has no rows any more is an error, and no add-on without a list.
func TestCheckout(t *testing.T) {
	dir := t.TempDir()
	repository := filepath.Join(dir, "maker", "addon")
	if err := os.MkdirAll(repository, 0o755); err != nil {
		t.Fatal(err)
	}
	commit := func(text string) {
		if err := os.WriteFile(filepath.Join(repository, "README.md"), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		for _, args := range [][]string{{"init", "--quiet"}, {"add", "."}, {"-c", "user.name=a", "-c", "user.email=a@example.org", "commit", "--quiet", "--message", "a"}} {
			cmd := exec.Command("git", append([]string{"-C", repository}, args...)...)
			cmd.Env = append(os.Environ(), "GIT_AUTHOR_DATE=2026-11-10T12:00:00Z", "GIT_COMMITTER_DATE=2026-11-10T12:00:00Z")
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Fatalf("git %v: %v %s", args, err, out)
			}
		}
	}
	a, l := addons.Addon{Name: "addon"}, addons.List{Checkout: "maker/addon", File: "README.md"}
	commit("| Version | Kubernetes |\n|---|---|\n| 1.2 | 1.35, 1.36 |\n")
	rows, err := rowsOf(dir, a, l)
	if err != nil || len(rows) != 1 {
		t.Fatal(rows, err)
	}
	r := rows[0]
	if r.Addon != "addon" || r.Release != "1.2" || r.Read != "2026-11-10" || !strings.HasPrefix(r.Origin, "github.com/maker/addon@") || !of(l, r.Origin) {
		t.Errorf("%+v", r)
	}
	// What is not in the file is of one commit alone.
	l.Row, l.Release, l.Commit = `\| (?P<minors>1\.35.*) \|`, "1.2", "0000000"
	if rows, err := rowsOf(dir, a, l); err == nil {
		t.Errorf("a release that was looked up elsewhere is told of another commit: %v", rows)
	}
	l.Row, l.Release, l.Commit = "", "", ""
	commit("The list has moved.\n")
	if rows, err := rowsOf(dir, a, l); err == nil {
		t.Errorf("a list that has moved is read as %v", rows)
	}
}
