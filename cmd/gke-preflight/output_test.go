package main

import (
	"bytes"
	"os"
	"path/filepath"
	"sync"
	"testing"
)

func replaced(name string, content []byte) error { return writeFiles([]file{{name, content}}, 0) }

// Who reads a report while it is written anew sees the old one or the new one, and
// nothing is left beside it.
func TestReplaceFile(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "gke.prom")
	versions := [][]byte{bytes.Repeat([]byte("old\n"), 1<<14), bytes.Repeat([]byte("new\n"), 1<<14)}
	if err := replaced(file, versions[0]); err != nil {
		t.Fatal(err)
	}
	var writing sync.WaitGroup
	writing.Go(func() {
		for n := range 200 {
			if err := replaced(file, versions[n%2]); err != nil {
				t.Error(err)
			}
		}
	})
	for range 200 {
		if b, err := os.ReadFile(file); err != nil || !bytes.Equal(b, versions[0]) && !bytes.Equal(b, versions[1]) {
			t.Fatalf("%d bytes are half a report: %v", len(b), err)
		}
	}
	writing.Wait()
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
		t.Errorf("%v is left: %v", left, err)
	}
	if err := replaced(dir, nil); err == nil {
		t.Error("a directory was replaced")
	}
	if err := replaced(filepath.Join(dir, "none", "x"), nil); err == nil {
		t.Error("a file was written where there is no directory")
	}
}

// Colour goes by the flag, then NO_COLOR, then FORCE_COLOR and CLICOLOR_FORCE, then
// by whether a person watches.
func TestColour(t *testing.T) {
	person, log, dumb := display{tty: true}, display{}, display{tty: true, dumb: true}
	for name, c := range map[string]struct {
		d    display
		flag string
		env  []string
		want bool
	}{
		"a person":                 {person, "auto", nil, true},
		"a log":                    {log, "auto", nil, false},
		"a dumb terminal":          {dumb, "auto", nil, false},
		"NO_COLOR":                 {person, "auto", []string{"NO_COLOR"}, false},
		"NO_COLOR and FORCE_COLOR": {person, "auto", []string{"NO_COLOR", "FORCE_COLOR"}, false},
		"FORCE_COLOR":              {log, "auto", []string{"FORCE_COLOR"}, true},
		"CLICOLOR_FORCE":           {log, "auto", []string{"CLICOLOR_FORCE"}, true},
		"always":                   {log, "always", []string{"NO_COLOR"}, true},
		"never":                    {person, "never", []string{"FORCE_COLOR"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			for _, v := range []string{"NO_COLOR", "FORCE_COLOR", "CLICOLOR_FORCE"} {
				t.Setenv(v, "")
			}
			for _, v := range c.env {
				t.Setenv(v, "1")
			}
			if got := c.d.colour(c.flag); got != c.want {
				t.Errorf("%t, want %t", got, c.want)
			}
		})
	}
}
