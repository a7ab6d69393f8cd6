package bootstrap

import (
	"archive/zip"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// A plan is shared with snapshots that differ in other facts than it says it is made
// from. So it must be the same without those.
func TestPlanReadsWhatItSays(t *testing.T) {
	recordings, err := filepath.Glob("../../testdata/recorded/*.zip")
	if err != nil || len(recordings) == 0 {
		t.Fatal(recordings, err)
	}
	for _, file := range recordings {
		files, err := zip.OpenReader(file)
		if err != nil {
			t.Fatal(err)
		}
		defer files.Close()
		s, err := facts.Load(files)
		if err != nil {
			t.Fatal(err)
		}
		bare := s
		for _, f := range facts.All() {
			if !slices.ContainsFunc(Needs(), func(n facts.Fact) bool { return n.ID() == f.ID() }) {
				bare = bare.With(facts.Absent(f, facts.Forbidden, "taken away by the test"))
			}
		}
		if d := cmp.Diff(compute(s), compute(bare)); d != "" {
			t.Errorf("%s: the plan reads facts that it does not declare:\n%s", filepath.Base(file), d)
		}
	}
}
