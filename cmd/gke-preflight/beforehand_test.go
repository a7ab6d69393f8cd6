package main

import (
	"bytes"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
)

// What is wrong with a command line whatever the cluster is, is told before anybody is
// asked: not after the minutes that a look at a cluster takes, and of no other cluster
// than the recording that was meant.
func TestToldBeforehand(t *testing.T) {
	for args, want := range map[string]string{
		"check":                                               "which version to upgrade to is unknown (the GKE API: left-out: --no-gke): pass --target-version",
		"check --target-version latest":                       "--target-version latest is for the GKE API to resolve",
		"check --target-version banana":                       `--target-version: "banana" is not a version`,
		"whatif --target-version 13":                          `--target-version: "13" is not a version`,
		"check --target-version 1.37 -o json=none/x":          "--output none/x: no such file or directory",
		"check --target-version 1.37 -o json=config/x":        "--output config/x: not a directory",
		"check --target-version 1.37 -o json=.":               "--output .: it is a directory",
		"check --target-version 1.37 -o json=x -o html=./x":   "--output: ./x is given twice, and only one of the two would stay",
		"check --target-version 1.37 -o json=loop":            "--output loop: too many levels of symbolic links",
		"nightly --target-version 1.37 --reports r -o json=.": "--output .: it is a directory",
		"snapshot --target-version 1.37 --file none/x.zip":    "--file none/x.zip: no such file or directory",
		"simulate --target-version 1.37 --webhook none.yaml":  "--webhook: open none.yaml: no such file or directory",
		"check --target-version 1.37 --snapshot=":             "--snapshot: the file's name is missing",
		"simulate --target-version 1.37 --snapshot=":          "--snapshot: the file's name is missing",
		"plan plan.json --snapshots=":                         "--snapshots: the file's name is missing",
	} {
		t.Run(args, func(t *testing.T) {
			t.Parallel()
			var asked atomic.Int64
			s := door{answer: func(w http.ResponseWriter, _ *http.Request) {
				asked.Add(1)
				w.WriteHeader(http.StatusTeapot)
			}}.open(t)
			write(t, filepath.Join(s.dir, "plan.json"), readFileOf(t, filepath.Join(root, "testdata/terraform/one.json")))
			if err := os.Symlink("loop", filepath.Join(s.dir, "loop")); err != nil {
				t.Fatal(err)
			}
			cmd := s.command(t, append(strings.Fields(args), "--no-gke")...)
			var out, said bytes.Buffer
			cmd.Stdout, cmd.Stderr = &out, &said
			_ = cmd.Run()
			if code := cmd.ProcessState.ExitCode(); code != 1 || out.Len() > 0 || !strings.Contains(said.String(), want) {
				t.Errorf("exit %d, printed %q, said %s, want %s", code, out.String(), said.String(), want)
			}
			if n := asked.Load(); n > 0 {
				t.Errorf("the API server was asked %d times", n)
			}
		})
	}
}

// Two formats may go to the same place where both arrive, as through a pipe.
func TestTwiceThrough(t *testing.T) {
	o := outputFlags{formats: []string{"json=/dev/null", "html=/dev/null"}, color: "auto", names: formats()}
	if err := o.validate(); err != nil {
		t.Error(err)
	}
}
