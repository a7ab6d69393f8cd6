package main

import (
	"archive/zip"
	"bytes"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/gke-preflight/gke-preflight/checks"
	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/forecast"
)

func TestRecordings(t *testing.T) {
	for name, want := range map[string]struct {
		verdict preflight.Verdict
		outcome forecast.Outcome
	}{
		"incident.zip":  {preflight.NotReady, forecast.CrashLoop},
		"all-clear.zip": {preflight.Ready, forecast.Ready},
	} {
		b, err := os.ReadFile(filepath.Join("../../recorded", name))
		if err != nil {
			t.Fatal(err)
		}
		s, err := facts.LoadZip(b)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		f := forecast.Of(s)
		r := preflight.NewReport(s, preflight.Run(s, checks.All()), f)
		if r.Verdict != want.verdict || f.ControlPlane.Outcome != want.outcome {
			t.Errorf("%s: %s, the new replica %s; want %v", name, r.Verdict, f.ControlPlane.Outcome, want)
		}
		for _, fact := range facts.All() {
			if a, absent := s.Absence(fact); absent && a.Reason != facts.LeftOut {
				t.Errorf("%s: %s is absent: %s", name, fact.ID(), a)
			}
		}
		noPaths(t, name, b)
	}
}

var path = regexp.MustCompile(`"[^"]*(/home/|/root/|/tmp/|/work/|/Users/|/var/)[^"]*"`)

// noPaths requires that the recording tells nothing of the machine that it was
// made on.
func noPaths(t *testing.T, name string, b []byte) {
	t.Helper()
	archive, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range archive.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		if found := path.Find(content); found != nil {
			t.Errorf("%s: %s holds a path of a machine: %s", name, f.Name, found)
		}
	}
}
