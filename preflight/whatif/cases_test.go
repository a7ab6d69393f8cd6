package whatif

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/gke-preflight/gke-preflight/preflight/bootstrap"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

var update = flag.Bool("update", false, "rewrite the want section of each case")

// TestCases holds what is found in each of testdata against what it wants. A
// case says what differs from the small healthy cluster of the checks' cases.
func TestCases(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) < 10 {
		t.Fatal(len(files), "cases", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			a, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			s := snapshot(t, a)
			got := text(Of(s))
			if *update {
				rewrite(t, file, a, got)
				return
			}
			if diff := cmp.Diff(wanted(a), got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			same(t, s)
		})
	}
}

// same requires the same bytes of a second search, and of one in the recording.
func same(t *testing.T, s *facts.Snapshot) {
	t.Helper()
	var zip bytes.Buffer
	if err := s.WriteZip(&zip); err != nil {
		t.Fatal(err)
	}
	recorded, err := facts.LoadZip(zip.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	want := encoded(t, Of(s))
	for name, again := range map[string]*facts.Snapshot{"again": s.With(), "from the recording": recorded} {
		if got := encoded(t, Of(again)); got != want {
			t.Errorf("%s it is another result:\n%s", name, cmp.Diff(want, got))
		}
	}
}

func encoded(t *testing.T, r Result) string {
	t.Helper()
	b, err := json.MarshalIndent(r, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func text(r Result) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s, %d sets tried, until %s (%s)\n", r.Verdict, r.Tried, r.Until.Format("2006-01-02 15:04"), r.UntilReason)
	for _, h := range r.Already {
		fmt.Fprintf(&b, "already: %s%s %s\n", h.Hook, h.Lifeline, h.Outcome)
	}
	for _, k := range r.Risks {
		var ws []string
		for _, w := range k.Webhooks {
			ws = append(ws, w.Name)
		}
		fmt.Fprintf(&b, "%s (%s), %d endpoints, grave: %v\n", k.Backend, strings.Join(ws, ", "), len(k.Endpoints), k.Grave())
		for _, s := range k.Scenarios {
			fmt.Fprintf(&b, "- %s\n", strings.Join(s.Steps, "\n  → "))
			fmt.Fprintf(&b, "  %s\n", s.Lasts)
		}
	}
	for _, g := range r.Gaps {
		fmt.Fprintf(&b, "gap: %s\n", g)
	}
	return b.String()
}

func wanted(a *txtar.Archive) string {
	for _, f := range a.Files {
		if f.Name == "want" {
			return string(f.Data)
		}
	}
	return ""
}

func rewrite(t *testing.T, file string, a *txtar.Archive, got string) {
	t.Helper()
	if n := len(a.Files); n == 0 || a.Files[n-1].Name != "want" {
		a.Files = append(a.Files, txtar.File{Name: "want"})
	}
	a.Files[len(a.Files)-1].Data = []byte(got)
	if err := os.WriteFile(file, txtar.Format(a), 0o644); err != nil {
		t.Fatal(err)
	}
}

// snapshot is a case over the cluster of testdata/checks/base.txtar and an
// untouched control plane.
func snapshot(t testing.TB, a *txtar.Archive) *facts.Snapshot {
	t.Helper()
	base, err := txtar.ParseFile("../../testdata/checks/base.txtar")
	if err != nil {
		t.Fatal(err)
	}
	merged := &txtar.Archive{Files: a.Files}
	for _, f := range base.Files {
		if !mentions(a, f.Name) {
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
	untouched, ok := bootstrap.Untouched("1.35")
	if !ok {
		t.Fatal("the catalogue has no 1.35")
	}
	for _, o := range untouched {
		if !mentions(merged, o.Fact.ID()) {
			s = s.With(o)
		}
	}
	return s
}

func mentions(a *txtar.Archive, name string) bool {
	stem := func(s string) string { return strings.TrimSuffix(s, filepath.Ext(s)) }
	for _, f := range a.Files {
		if stem(f.Name) == stem(name) {
			return true
		}
	}
	return false
}
