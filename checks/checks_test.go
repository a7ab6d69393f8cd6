package checks

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/gke-preflight/gke-preflight/docs"
	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

var update = flag.Bool("update", false, "rewrite the want section of each case")

func one(s *facts.Snapshot, c preflight.Check) preflight.Result {
	return preflight.Run(s, []preflight.Check{c})[0]
}

// checkOf is the check with that ID.
func checkOf(id string) preflight.Check {
	all := All()
	return all[slices.IndexFunc(all, func(c preflight.Check) bool { return c.ID == id })]
}

func declares(fs []facts.Fact, f facts.Fact) bool {
	return slices.ContainsFunc(fs, func(o facts.Fact) bool { return o.ID() == f.ID() })
}

// twice runs the check two times at once, and returns what each says as well.
func twice(s *facts.Snapshot, c preflight.Check) (r preflight.Result, said [2]string) {
	var wg sync.WaitGroup
	wg.Go(func() { said[1] = text(one(s, c)) })
	r = one(s, c)
	wg.Wait()
	said[0] = text(r)
	return r, said
}

// TestCases holds what each check says, also twice at once, against what its
// cases want, and requires of every check a case that fires, one that stays quiet
// and one that can't tell.
func TestCases(t *testing.T) {
	for _, c := range All() {
		t.Run(c.ID, func(t *testing.T) {
			statuses := map[preflight.Status]bool{}
			for _, k := range casesOf(t, c.ID) {
				t.Run(filepath.Base(k.file), func(t *testing.T) {
					r, got := twice(k.s.WithMeta(k.s.Meta), c)
					if got[0] != got[1] {
						t.Errorf("two runs at once differ:\n%s", cmp.Diff(got[0], got[1]))
					}
					statuses[r.Status] = true
					if *update {
						rewrite(t, k, got[0])
						return
					}
					if diff := cmp.Diff(k.want, got[0]); diff != "" {
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
		t.Run(c.ID, func(t *testing.T) {
			t.Parallel()
			for _, k := range casesOf(t, c.ID) {
				deleteEach(t, c, k)
			}
		})
	}
}

func deleteEach(t *testing.T, c preflight.Check, k testCase) {
	t.Helper()
	full := one(k.s, c)
	bare := k.s
	for _, f := range facts.All() {
		if _, absent := k.s.Absence(f); absent {
			continue
		}
		gone := facts.Absent(f, facts.Forbidden, "taken away by the test")
		switch {
		case declares(c.Needs, f):
			r := one(k.s.With(gone), c)
			told := declares(c.Without, f) && r.Status == preflight.Fail && r.Open != nil
			if r.Status != preflight.Undecided && !told && full.Status != preflight.NotApplicable {
				t.Errorf("%s, %s: without %s, which it needs, it is %s", c.ID, filepath.Base(k.file), f.ID(), r.Status)
			}
		case declares(c.Uses, f):
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

// TestPure runs every check on every case: the snapshot stays as it was.
func TestPure(t *testing.T) {
	for _, c := range All() {
		for _, k := range casesOf(t, c.ID) {
			before := recorded(t, k.s)
			one(k.s, c)
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

// blockersStay holds that no value of the threshold takes a blocker away, or makes
// one: a policy moves it, and a move has no end as a waiver has.
func blockersStay(t *testing.T, c preflight.Check, h preflight.Threshold) {
	t.Helper()
	blockers := func(s *facts.Snapshot) (n int) {
		for _, f := range one(s, c).Findings {
			if f.Severity == preflight.Blocker {
				n++
			}
		}
		return n
	}
	for _, k := range casesOf(t, c.ID) {
		for _, value := range []int{h.Min, h.Max} {
			if was, is := blockers(k.s), blockers(moved(k.s, h, value)); was != is {
				t.Errorf("%s: %s at %d makes %d blockers of %d", filepath.Base(k.file), h.Name, value, is, was)
			}
		}
	}
}

// thresholdsOf holds that a check's thresholds are its own, leave no blocker out,
// and stand on its page and in the policy's.
func thresholdsOf(t *testing.T, c preflight.Check, page string) {
	t.Helper()
	policy, _ := docs.Page("policy")
	for _, h := range c.Thresholds {
		if c.Severity == preflight.Blocker {
			blockersStay(t, c, h)
		}
		if h.Check != c.ID || h.Default < h.Min || h.Default > h.Max {
			t.Errorf("%s: threshold %+v is another's, or its default out of range", c.ID, h)
		}
		if !strings.Contains(strings.Join(strings.Fields(page), " "), h.String()) {
			t.Errorf("docs/checks/%s.md must say %q", c.ID, h)
		}
		if row := fmt.Sprintf("| [%s](checks/%s.md) | `%s` | %d | %d | %d | %s |", c.ID, c.ID, h.Name, h.Default, h.Min, h.Max, h.What); !strings.Contains(policy, row) {
			t.Errorf("docs/policy.md must say %q", row)
		}
	}
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
		thresholdsOf(t, c, page)
	}
}
