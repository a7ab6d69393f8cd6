package rig_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gke-preflight/gke-preflight/gke/controlplane"
	"github.com/gke-preflight/gke-preflight/gke/controlplane/rig"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv("RIG_PROGRAM"); dir != "" {
		os.Exit(rig.Enter(func() int { return program(dir) }))
	}
	os.Exit(rig.Main(m))
}

// again runs one test of this binary in a process of its own, as "go test" would.
func again(t *testing.T, test string, env ...string) (*exec.Cmd, *bytes.Buffer) {
	t.Helper()
	rig.Require(t)
	if pid, err := os.Readlink("/proc/self"); err != nil || pid != strconv.Itoa(os.Getpid()) {
		t.Skip("a namespace can't be nested here: /proc is not of this one")
	}
	var out bytes.Buffer
	cmd := exec.Command("/proc/self/exe", "-test.run=^"+test+"$", "-test.v")
	for _, e := range os.Environ() {
		if !strings.HasPrefix(e, "GKE_PREFLIGHT_") && !strings.HasPrefix(e, "CI=") {
			cmd.Env = append(cmd.Env, e)
		}
	}
	cmd.Env = append(cmd.Env, env...)
	cmd.Stdout, cmd.Stderr = &out, &out
	return cmd, &out
}

// TestSleeper is what [TestKilled] kills: it has a cluster and would not end.
func TestSleeper(t *testing.T) {
	if os.Getenv("RIG_SLEEPER") == "" {
		return
	}
	rig.Start(t, controlplane.Options{})
	time.Sleep(10 * time.Minute)
}

func TestKilled(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	cmd, out := again(t, "TestSleeper", "RIG_SLEEPER=1", "TMPDIR="+dir)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	audit := filepath.Join(dir, "*/*/apiserver-*/audit.log")
	database := filepath.Join(dir, "*/*/etcd/member/snap/db")
	eventually(t, out, "an API server and etcd run", func() bool { return exists(audit) && locked(database) })
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	eventually(t, out, "etcd has let go of its database", func() bool { return !locked(database) })
}

func eventually(t *testing.T, out *bytes.Buffer, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !holds(); time.Sleep(100 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not within a minute: %s\n%s", what, out)
		}
	}
}

func exists(pattern string) bool {
	found, err := filepath.Glob(pattern)
	return err == nil && len(found) > 0
}

// locked reports whether a process holds the lock of the file, which it does as
// long as it lives.
func locked(pattern string) bool {
	found, err := filepath.Glob(pattern)
	if err != nil || len(found) == 0 {
		return false
	}
	f, err := os.Open(found[0])
	if err != nil {
		return false
	}
	defer f.Close()
	return syscall.Flock(int(f.Fd()), syscall.LOCK_SH|syscall.LOCK_NB) == syscall.EWOULDBLOCK
}

func TestUnavailable(t *testing.T) {
	for _, c := range []struct{ ci, want string }{
		{"false", "--- SKIP: TestCluster"},
		{"true", "--- FAIL: TestCluster"},
	} {
		cmd, out := again(t, "TestCluster", "CI="+c.ci)
		withoutUserNamespaces(t, func() { _ = cmd.Run() })
		for _, want := range []string{c.want, "the real control plane can't run here: no user namespace to be had"} {
			if !strings.Contains(out.String(), want) {
				t.Errorf("with CI=%s the output lacks %q:\n%s", c.ci, want, out)
			}
		}
	}
}

// withoutUserNamespaces takes away what this process's own namespace may create.
func withoutUserNamespaces(t *testing.T, f func()) {
	t.Helper()
	const limit = "/proc/sys/user/max_user_namespaces"
	before, err := os.ReadFile(limit)
	if err != nil {
		t.Fatal(err)
	}
	set := func(value []byte) {
		if err := os.WriteFile(limit, value, 0); err != nil {
			t.Fatal(err)
		}
	}
	set([]byte("0"))
	defer set(before)
	f()
}
