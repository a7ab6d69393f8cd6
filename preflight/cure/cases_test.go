package cure

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/gke-preflight/gke-preflight/preflight/bootstrap"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/version"
)

// recordings are the incident, and every case of the checks by its path.
func recordings(t *testing.T) map[string]*facts.Snapshot {
	t.Helper()
	found := map[string]*facts.Snapshot{"incident": incident(t)}
	files, err := filepath.Glob("../../testdata/checks/*/*.txtar")
	if err != nil || len(files) < 50 {
		t.Fatalf("%d cases, %v", len(files), err)
	}
	for _, file := range files {
		a, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		found[strings.TrimPrefix(file, "../../testdata/checks/")] = load(t, a)
	}
	return found
}

func incident(t *testing.T) *facts.Snapshot { return recorded(t, "incident") }

func recorded(t *testing.T, name string) *facts.Snapshot {
	t.Helper()
	b, err := os.ReadFile("../../testdata/recorded/" + name + ".zip")
	if err != nil {
		t.Fatal(err)
	}
	s, err := facts.LoadZip(b)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// recording is a case that is written in the test itself.
func recording(t *testing.T, text string) *facts.Snapshot {
	t.Helper()
	return load(t, txtar.Parse([]byte(text)))
}

// load reads a case as the tests of package checks do: what it does not mention
// is that of base.txtar, and of an untouched control plane.
func load(t *testing.T, a *txtar.Archive) *facts.Snapshot {
	t.Helper()
	base, err := txtar.ParseFile("../../testdata/checks/base.txtar")
	if err != nil {
		t.Fatal(err)
	}
	merged := &txtar.Archive{Files: a.Files}
	for _, f := range base.Files {
		if !mentions(a, stem(f.Name)) {
			merged.Files = append(merged.Files, f)
		}
	}
	fsys, err := txtar.FS(merged)
	if err != nil {
		t.Fatal(err)
	}
	s, err := facts.Load(fsys)
	if err != nil {
		t.Fatal(err)
	}
	minor := "1.35"
	running, _ := facts.ServerVersion.Get(s)
	if v, err := version.Parse(running.GitVersion); err == nil && slices.Contains(bootstrap.Minors(), v.Line()) {
		minor = v.Line()
	}
	untouched, _ := bootstrap.Untouched(minor)
	for _, o := range untouched {
		if !mentions(merged, o.Fact.ID()) {
			s = s.With(o)
		}
	}
	return s
}

func mentions(a *txtar.Archive, fact string) bool {
	return slices.ContainsFunc(a.Files, func(f txtar.File) bool { return stem(f.Name) == fact })
}

func stem(name string) string { return strings.TrimSuffix(name, filepath.Ext(name)) }
