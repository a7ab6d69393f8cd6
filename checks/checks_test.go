package checks

import (
	"encoding/json"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/gke-preflight/gke-preflight/docs"
	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/bootstrap"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

var update = flag.Bool("update", false, "rewrite the want section of each case")

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
		cs = append(cs, load(t, file))
	}
	return cs
}

// load reads a case. Facts it does not mention are those of base.txtar, a small
// healthy cluster, and of an untouched control plane.
func load(t *testing.T, file string) testCase {
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

func overUntouched(t *testing.T, s *facts.Snapshot, a *txtar.Archive) *facts.Snapshot {
	t.Helper()
	untouched, ok := bootstrap.Untouched("1.35")
	if !ok {
		t.Fatal("the catalogue has no 1.35")
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

func one(s *facts.Snapshot, c preflight.Check) preflight.Result {
	return preflight.Run(s, []preflight.Check{c})[0]
}

// TestCases holds what each check says against what its cases want, and
// requires of every check a case that fires, one that stays quiet and one that
// can't tell.
func TestCases(t *testing.T) {
	for _, c := range All() {
		t.Run(c.ID, func(t *testing.T) {
			statuses := map[preflight.Status]bool{}
			for _, k := range casesOf(t, c.ID) {
				t.Run(filepath.Base(k.file), func(t *testing.T) {
					r := one(k.s, c)
					statuses[r.Status] = true
					got := text(r)
					if *update {
						rewrite(t, k, got)
						return
					}
					if diff := cmp.Diff(k.want, got); diff != "" {
						t.Errorf("-want +got:\n%s", diff)
					}
				})
			}
			for _, s := range []preflight.Status{preflight.Fail, preflight.Pass, preflight.Undecided} {
				if !statuses[s] {
					t.Errorf("no case in testdata/checks/%s comes out as %s", c.ID, s)
				}
			}
		})
	}
}

func rewrite(t *testing.T, k testCase, got string) {
	t.Helper()
	files := k.archive.Files
	if n := len(files); n == 0 || files[n-1].Name != "want" {
		files = append(files, txtar.File{Name: "want"})
	}
	files[len(files)-1].Data = []byte(got)
	k.archive.Files = files
	if err := os.WriteFile(k.file, txtar.Format(k.archive), 0o644); err != nil {
		t.Fatal(err)
	}
}

// text is what a reader of a case sees.
func text(r preflight.Result) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n", r.Status)
	if r.Reason != "" {
		fmt.Fprintf(&b, "  %s\n", r.Reason)
	}
	for _, f := range r.Findings {
		fmt.Fprintf(&b, "%s %s\n  %s\n", f.Severity, f.Subject, f.Summary)
		for _, e := range f.Evidence {
			fmt.Fprintf(&b, "  - %s%s %v %s\n", e.Fact, e.Path, e.Value, e.Note)
		}
		fmt.Fprintf(&b, "  > %s\n", strings.ReplaceAll(f.Remedy, "\n", "\n    "))
	}
	for _, f := range r.Open {
		fmt.Fprintf(&b, "open %s %s\n  %s\n", f.Severity, f.Subject, f.Undecided)
	}
	return b.String()
}

// TestNeeds proves by deletion that Needs and Uses are what the check reads: a
// fact in neither changes nothing, without a needed one there is no answer, and
// without a used one the answer is never greener and silent about it.
func TestNeeds(t *testing.T) {
	for _, c := range All() {
		for _, k := range casesOf(t, c.ID) {
			full := one(k.s, c)
			bare := k.s
			for _, f := range facts.All() {
				if _, absent := k.s.Absence(f); absent {
					continue
				}
				gone := facts.Absent(f, facts.Forbidden, "taken away by the test")
				switch {
				case has(c.Needs, f):
					if r := one(k.s.With(gone), c); r.Status != preflight.Undecided && full.Status != preflight.NotApplicable {
						t.Errorf("%s, %s: without %s, which it needs, it is %s", c.ID, filepath.Base(k.file), f.ID(), r.Status)
					}
				case has(c.Uses, f):
					if r := one(k.s.With(gone), c); len(r.Findings) < len(full.Findings) && len(r.Open) == 0 {
						t.Errorf("%s, %s: without %s, which it uses, it finds less and leaves nothing open", c.ID, filepath.Base(k.file), f.ID())
					}
				default:
					bare = bare.With(gone)
				}
			}
			if r := one(bare, c); text(r) != text(full) {
				t.Errorf("%s, %s: without the facts that it does not declare its answer changes:\n%s", c.ID, filepath.Base(k.file), cmp.Diff(text(full), text(r)))
			}
		}
	}
}

func has(fs []facts.Fact, f facts.Fact) bool {
	for _, o := range fs {
		if o.ID() == f.ID() {
			return true
		}
	}
	return false
}

// TestPure runs every check on every case twice at once: same answer, and the
// snapshot is as it was.
func TestPure(t *testing.T) {
	for _, c := range All() {
		for _, k := range casesOf(t, c.ID) {
			before := recorded(t, k.s)
			results := make([]preflight.Result, 2)
			var wg sync.WaitGroup
			for i := range results {
				wg.Go(func() { results[i] = one(k.s, c) })
			}
			wg.Wait()
			if text(results[0]) != text(results[1]) {
				t.Errorf("%s, %s: two runs differ", c.ID, filepath.Base(k.file))
			}
			if recorded(t, k.s) != before {
				t.Errorf("%s, %s: the check changed the snapshot", c.ID, filepath.Base(k.file))
			}
		}
	}
}

func recorded(t *testing.T, s *facts.Snapshot) string {
	t.Helper()
	var b strings.Builder
	if err := s.Files(func(name string, content []byte) error {
		fmt.Fprintf(&b, "%s\n%s", name, content)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestEvidence resolves every piece of evidence that names a fact in the
// snapshot: nothing is claimed that was not seen.
func TestEvidence(t *testing.T) {
	for _, c := range All() {
		for _, k := range casesOf(t, c.ID) {
			for _, f := range one(k.s, c).Findings {
				for _, e := range f.Evidence {
					if e.Fact != "" {
						resolve(t, k.s, c.ID, e)
					}
				}
			}
		}
	}
}

func resolve(t *testing.T, s *facts.Snapshot, id string, e preflight.Evidence) {
	t.Helper()
	for _, f := range facts.All() {
		if f.ID() != e.Fact {
			continue
		}
		v, ok := s.Value(f)
		if !ok {
			t.Errorf("%s: evidence from %s, which is absent", id, e.Fact)
			return
		}
		got, err := at(generic(t, v), e.Path)
		if err != nil {
			t.Errorf("%s: evidence %s%s: %v", id, e.Fact, e.Path, err)
		} else if e.Value != nil && !reflect.DeepEqual(got, generic(t, e.Value)) {
			t.Errorf("%s: evidence %s%s is %v in the snapshot, not %v", id, e.Fact, e.Path, got, e.Value)
		}
		return
	}
	t.Errorf("%s: evidence names the fact %q, which there is not", id, e.Fact)
}

func generic(t *testing.T, v any) (g any) {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &g); err != nil {
		t.Fatal(err)
	}
	return g
}

// at follows a JSON Pointer.
func at(v any, path string) (any, error) {
	for _, key := range strings.Split(path, "/")[1:] {
		switch c := v.(type) {
		case map[string]any:
			next, ok := c[key]
			if !ok {
				return nil, fmt.Errorf("no %q", key)
			}
			v = next
		case []any:
			var i int
			if _, err := fmt.Sscan(key, &i); err != nil || i < 0 || i >= len(c) {
				return nil, fmt.Errorf("no element %q", key)
			}
			v = c[i]
		default:
			return nil, fmt.Errorf("nothing below %q", key)
		}
	}
	return v, nil
}

func TestPages(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range All() {
		if seen[c.ID] || seen[c.Name] {
			t.Errorf("%s %s is taken", c.ID, c.Name)
		}
		seen[c.ID], seen[c.Name] = true, true
		page, ok := docs.Page(c.ID)
		if want := "# " + c.ID + ": " + c.Title + "\n"; !ok || !strings.HasPrefix(page, want) {
			t.Errorf("docs/checks/%s.md must begin with %q", c.ID, want)
		}
	}
}
