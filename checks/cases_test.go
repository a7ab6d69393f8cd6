package checks

import (
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/gke-preflight/gke-preflight/preflight/bootstrap"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/version"
)

// A testCase is a recording in testdata/checks/<ID>, with what the check says to it.
type testCase struct {
	file    string
	archive *txtar.Archive
	s       *facts.Snapshot
	want    string
}

func casesOf(t *testing.T, id string) []testCase {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("..", "testdata", "checks", id, "*.txtar"))
	if err != nil {
		t.Fatal(err)
	}
	var cs []testCase
	for _, file := range files {
		once, _ := loaded.LoadOrStore(file, sync.OnceValue(func() testCase { return load(t, file) }))
		cs = append(cs, once.(func() testCase)())
	}
	return cs
}

// loaded are the cases by their file: every test reads them, and what one derives from
// a case the next one need not. [TestPure] holds that none is changed.
var loaded sync.Map

// load reads a case. Facts it does not mention are those of base.txtar, a small
// healthy cluster, and of an untouched control plane.
func load(t testing.TB, file string) testCase {
	t.Helper()
	a, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	base, err := txtar.ParseFile(filepath.Join("..", "testdata", "checks", "base.txtar"))
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
		t.Fatalf("%s: %v", file, err)
	}
	want, _ := fs.ReadFile(fsys, "want")
	return testCase{file, a, overUntouched(t, s, merged), string(want)}
}

func overUntouched(t testing.TB, s *facts.Snapshot, a *txtar.Archive) *facts.Snapshot {
	t.Helper()
	minor := "1.35"
	running, _ := facts.ServerVersion.Get(s)
	if v, err := version.Parse(running.GitVersion); err == nil && slices.Contains(bootstrap.Minors(), v.Line()) {
		minor = v.Line()
	}
	untouched, ok := bootstrap.Untouched(minor)
	if !ok {
		t.Fatalf("the catalogue has no %s", minor)
	}
	for _, o := range untouched {
		if !mentions(a, o.Fact.ID()) {
			s = s.With(o)
		}
	}
	return s
}

func mentions(a *txtar.Archive, fact string) bool {
	for _, f := range a.Files {
		if stem(f.Name) == fact {
			return true
		}
	}
	return false
}

func stem(name string) string { return strings.TrimSuffix(name, filepath.Ext(name)) }
