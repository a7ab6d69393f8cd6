package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/go-logr/logr"
	"github.com/rogpeppe/go-internal/testscript"
	"k8s.io/klog/v2"
)

func TestMain(m *testing.M) {
	klog.SetLogger(logr.Discard())
	testscript.Main(m, map[string]func(){"gke-preflight": main, "kubectl_complete-gke_preflight": main, "on-recording": onRecording})
}

// TestScripts runs the command as a user does; see testdata/script at the top.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:  "../../testdata/script",
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"exits": exits, "age": age, "record": record, "rename": rename},
		Setup: func(e *testscript.Env) error {
			e.Setenv("HOME", e.WorkDir)
			for _, file := range []string{"recorded/incident.zip", "recorded/all-clear.zip", "terraform/upgrade.json", "terraform/one.json", "terraform/labels.json"} {
				b, err := os.ReadFile("../../testdata/" + file)
				if err == nil {
					err = os.WriteFile(filepath.Join(e.WorkDir, filepath.Base(file)), b, 0o600)
				}
				if err != nil {
					return err
				}
			}
			return nil
		},
	})
}

// exits runs a command and requires its exit code: exits CODE COMMAND [ARG ...].
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND [ARG ...]")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	var exit *exec.ExitError
	if err := ts.Exec(args[1], args[2:]...); errors.As(err, &exit) {
		got = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}
