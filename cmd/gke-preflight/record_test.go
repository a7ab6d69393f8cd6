package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/tools/txtar"

	"github.com/gke-preflight/gke-preflight/preflight/bootstrap"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// root is the top of the checkout, from where scripts name their cases.
const root = "../../"

// record makes a recording of a case, which is a txtar file named from the top of
// the checkout, over testdata/checks/base.txtar: record FILE.zip CASE.txtar.
func record(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: record FILE.zip CASE.txtar")
	}
	merged := &txtar.Archive{}
	seen := map[string]bool{}
	for _, name := range []string{args[1], "testdata/checks/base.txtar"} {
		a, err := txtar.ParseFile(root + name)
		ts.Check(err)
		for _, f := range a.Files {
			if stem := strings.TrimSuffix(f.Name, filepath.Ext(f.Name)); !seen[stem] {
				seen[stem] = true
				merged.Files = append(merged.Files, f)
			}
		}
	}
	fsys, err := txtar.FS(merged)
	ts.Check(err)
	s, err := facts.Load(fsys)
	ts.Check(err)
	untouched, _ := bootstrap.Untouched("1.35")
	for _, o := range untouched {
		if !seen[o.Fact.ID()] {
			s = s.With(o)
		}
	}
	var b bytes.Buffer
	ts.Check(s.WriteZip(&b))
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), b.Bytes(), 0o600))
}
