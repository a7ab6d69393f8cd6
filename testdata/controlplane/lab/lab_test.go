package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/gke-preflight/gke-preflight/gke/controlplane/rig"
	"github.com/gke-preflight/gke-preflight/preflight"
)

// asEnv makes the test binary a lab, or say whether it could be one.
const asEnv = "RIG_LAB"

func TestMain(m *testing.M) {
	switch os.Getenv(asEnv) {
	case "lab":
		main()
	case "available":
		os.Exit(rig.Enter(func() int {
			if err := rig.Available(); err != nil {
				fmt.Fprintln(os.Stderr, err)
				return 1
			}
			return 0
		}))
	}
	os.Exit(m.Run())
}

// require does what [rig.Require] does, for a test that stays outside.
func require(t *testing.T) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), asEnv+"=available")
	said, err := cmd.CombinedOutput()
	switch {
	case err == nil:
	case os.Getenv("CI") == "true":
		t.Fatalf("the real control plane can't run here: %s", said)
	default:
		t.Skipf("the real control plane can't run here: %s", said)
	}
}

// TestLab does in a directory with bin/gke-preflight what the lab says that one
// could try, word by word.
func TestLab(t *testing.T) {
	require(t)
	root := t.TempDir()
	if err := os.Mkdir(filepath.Join(root, filepath.Dir(tool)), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(rig.Tool(t), filepath.Join(root, tool)); err != nil {
		t.Fatal(err)
	}
	l := start(t)
	commands := l.until("Ctrl-C ends it all.")

	said, code := try(t, root, commands)
	if code != preflight.ExitNotReady {
		t.Errorf("with OPA frozen the check exits %d:\n%s", code, said)
	}
	for _, want := range []string{"crash-loop", "rbac/bootstrap-roles", "opa-validating-webhook", "default-pool"} {
		if !strings.Contains(said, want) {
			t.Errorf("with OPA frozen the check does not name %s:\n%s", want, said)
		}
	}
	l.write("thaw")
	l.until("Open Policy Agent answers again.")
	if said, code := try(t, root, commands); code != preflight.ExitReady {
		t.Errorf("with OPA awake the check exits %d:\n%s", code, said)
	}
	l.write("upgrade")
	if said := l.until("The new replica:"); !strings.Contains(said, "ready after") {
		t.Errorf("with OPA awake the upgrade went: %s", said)
	}
	l.interrupt()
	if _, code := try(t, root, commands); code != preflight.ExitCouldNotRun {
		t.Errorf("the lab has ended, and the check exits %d", code)
	}
}

// try runs the indented commands of what the lab said, in dir.
func try(t *testing.T, dir, commands string) (said string, code int) {
	t.Helper()
	var script []string
	for line := range strings.Lines(commands) {
		if strings.HasPrefix(line, "  export ") || strings.HasPrefix(line, "  "+tool) {
			script = append(script, strings.TrimSpace(line))
		}
	}
	if len(script) != 2 {
		t.Fatalf("the lab does not say what to try:\n%s", commands)
	}
	cmd := exec.Command("sh", "-c", strings.Join(script, "\n"))
	cmd.Dir = dir
	out, _ := cmd.CombinedOutput()
	return string(out), cmd.ProcessState.ExitCode()
}

// A running is a lab, in a process of its own as with "make lab".
type running struct {
	t      *testing.T
	cmd    *exec.Cmd
	in     io.Writer
	lines  *bufio.Scanner
	errors bytes.Buffer
}

func start(t *testing.T) *running {
	t.Helper()
	l := &running{t: t, cmd: exec.Command(os.Args[0])}
	l.cmd.Env = append(os.Environ(), asEnv+"=lab")
	l.cmd.Stderr = &l.errors
	out, err := l.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if l.in, err = l.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	l.lines = bufio.NewScanner(out)
	if err := l.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.cmd.Process.Kill() })
	return l
}

// until returns what the lab says up to the line that holds last.
func (l *running) until(last string) string {
	l.t.Helper()
	var said strings.Builder
	for l.lines.Scan() {
		said.WriteString(l.lines.Text() + "\n")
		if strings.Contains(l.lines.Text(), last) {
			return said.String()
		}
	}
	_ = l.cmd.Wait()
	l.t.Fatalf("the lab ended before it said %q:\n%s%s", last, &said, &l.errors)
	return ""
}

func (l *running) write(command string) {
	l.t.Helper()
	if _, err := fmt.Fprintln(l.in, command); err != nil {
		l.t.Fatal(err)
	}
}

// interrupt ends the lab as Ctrl-C does, and requires that it ends well.
func (l *running) interrupt() {
	l.t.Helper()
	if err := l.cmd.Process.Signal(syscall.SIGINT); err != nil {
		l.t.Fatal(err)
	}
	for l.lines.Scan() {
		l.t.Logf("after the interrupt: %s", l.lines.Text())
	}
	if err := l.cmd.Wait(); err != nil || l.errors.Len() > 0 {
		l.t.Errorf("interrupted, the lab ends with %v: %s", err, &l.errors)
	}
}
