package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"time"

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
	ts.Check(keep(ts.MkAbs(args[0]), s))
}

// renamed writes a recording as that of another cluster: DIR/PROJECT_LOCATION_CLUSTER.zip.
func renamed(recording, dir string, c facts.Cluster) error {
	s, err := load(recording)
	if err != nil {
		return err
	}
	m := s.Meta
	m.Cluster = c
	if told, ok := facts.GKECluster.Get(s); ok {
		told.Name, told.Location = c.Name, c.Location
		s = s.With(facts.Present(facts.GKECluster, told))
	}
	return keep(filepath.Join(dir, c.Project+"_"+c.Location+"_"+c.Name+".zip"), s.WithMeta(m))
}

// keep writes a recording.
func keep(file string, s *facts.Snapshot) error {
	var b bytes.Buffer
	if err := s.WriteZip(&b); err != nil {
		return err
	}
	return os.WriteFile(file, b.Bytes(), 0o600)
}

// age writes a recording as one of another time: age FILE.zip OTHER.zip TIME.
func age(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: age FILE.zip OTHER.zip TIME")
	}
	s, err := load(ts.MkAbs(args[0]))
	ts.Check(err)
	m := s.Meta
	m.CollectedAt, err = time.Parse(time.RFC3339, args[2])
	ts.Check(err)
	ts.Check(keep(ts.MkAbs(args[1]), s.WithMeta(m)))
}

// rename does so in a script: rename FILE.zip DIR PROJECT/LOCATION/CLUSTER.
func rename(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 || strings.Count(args[2], "/") != 2 {
		ts.Fatalf("usage: rename FILE.zip DIR PROJECT/LOCATION/CLUSTER")
	}
	parts := strings.Split(args[2], "/")
	ts.Check(renamed(ts.MkAbs(args[0]), ts.MkAbs(args[1]), facts.Cluster{Project: parts[0], Location: parts[1], Name: parts[2]}))
}
