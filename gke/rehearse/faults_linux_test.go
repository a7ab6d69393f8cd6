package rehearse_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gke-preflight/gke-preflight/gke/controlplane/binaries"
	"github.com/gke-preflight/gke-preflight/gke/rehearse"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/rehearsal"
)

// running are the processes that have the text in their command line, by their ids.
func running(t *testing.T, text string) map[int]string {
	t.Helper()
	found := map[int]string{}
	files, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		b, err := os.ReadFile(file)
		pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(file)))
		if err == nil && strings.Contains(string(b), text) && pid != os.Getpid() {
			found[pid] = strings.ReplaceAll(string(b), "\x00", " ")
		}
	}
	return found
}

// leavesNothing requires that neither a process nor a folder is left of a rehearsal that
// had its folder in TMPDIR.
func leavesNothing(t *testing.T) {
	t.Helper()
	for pid, command := range running(t, os.TempDir()+string(filepath.Separator)) {
		t.Errorf("process %d is left: %s", pid, command)
	}
	if left, _ := filepath.Glob(filepath.Join(os.TempDir(), "rehearse-*")); left != nil {
		t.Errorf("left are %v", left)
	}
}

// fails rehearses s with whatever happens at the steps that are told, and requires that
// the error says so, and that nothing is left.
func fails(t *testing.T, o rehearse.Options, at func(step string), says ...string) {
	t.Helper()
	t.Setenv("TMPDIR", t.TempDir())
	o.Say = func(format string, args ...any) { at(fmt.Sprintf(format, args...)) }
	_, err := rehearse.Run(t.Context(), o)
	if err == nil {
		t.Fatal("no error")
	}
	for _, words := range says {
		if !strings.Contains(err.Error(), words) {
			t.Errorf("%q is not in: %v", words, err)
		}
	}
	if lines := strings.Count(err.Error(), "\n"); lines > 6 {
		t.Errorf("%d lines: %v", lines, err)
	}
	leavesNothing(t)
}

// TestEtcdCrashes: what is printed after that would be of a cluster without a store.
func TestEtcdCrashes(t *testing.T) {
	s := cluster(t, allowed)
	for _, step := range []string{"loading", "control:", "starting kube-apiserver"} {
		fails(t, rehearse.Options{Snapshot: s}, func(told string) {
			if !strings.HasPrefix(told, step) {
				return
			}
			for pid, command := range running(t, os.TempDir()) {
				if strings.Contains(command, "--listen-peer-urls") {
					if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
						t.Error(err)
					}
				}
			}
		}, "etcd ended in the middle of the rehearsal, which proves nothing")
	}
}

// TestTakenPort has another program take the port that etcd, or the target, was to have.
func TestTakenPort(t *testing.T) {
	s := cluster(t, allowed)
	_, to := hop(t)
	for _, program := range []string{"etcd", "kube-apiserver"} {
		find := func(name, version string) (binaries.Binary, error) {
			b, err := binaries.Find(name, version)
			if err != nil || name != program || version != "" && version != to.Minor() {
				return b, err
			}
			err = takesPort(t, &b)
			return b, err
		}
		fails(t, rehearse.Options{Snapshot: s, Find: find}, func(string) {}, "another program took a port in between; start the rehearsal again")
	}
}

// TestFullDisk has a disk of a few megabytes.
func TestFullDisk(t *testing.T) {
	s := cluster(t, allowed)
	disk := t.TempDir()
	if err := small(disk, 8<<20); err != nil {
		t.Skipf("no small disk can be had here: %v", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(disk, 0) })
	t.Setenv("TMPDIR", disk)
	_, err := rehearse.Run(t.Context(), rehearse.Options{Snapshot: s})
	if err == nil || err.Error() != "the disk of "+disk+" is full: set TMPDIR to a folder with 500 MB" {
		t.Errorf("said is: %v", err)
	}
	leavesNothing(t)
}

// TestNoFolder: where there is no place for it, nothing is begun.
func TestNoFolder(t *testing.T) {
	s := cluster(t, allowed)
	long := filepath.Join(t.TempDir(), strings.Repeat("x", 100))
	if err := os.Mkdir(long, 0o700); err != nil {
		t.Fatal(err)
	}
	for dir, says := range map[string]string{
		filepath.Join(t.TempDir(), "missing"): "set TMPDIR to one with 500 MB",
		long:                                  "is too long for a socket in it, by ",
	} {
		t.Setenv("TMPDIR", dir)
		_, err := rehearse.Run(t.Context(), rehearse.Options{Snapshot: s})
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("said is: %v", err)
		}
		leavesNothing(t)
	}
}

// Whoever presses Ctrl-C must find neither processes nor folders, whatever was being done.
func TestInterrupted(t *testing.T) {
	s := cluster(t, allowed)
	for _, step := range []string{"starting etcd", "loading", "control:", "starting kube-apiserver"} {
		t.Setenv("TMPDIR", t.TempDir())
		ctx, cancel := context.WithCancel(t.Context())
		_, err := rehearse.Run(ctx, rehearse.Options{Snapshot: s, Say: func(format string, args ...any) {
			if strings.HasPrefix(fmt.Sprintf(format, args...), step) {
				time.AfterFunc(300*time.Millisecond, cancel)
			}
		}})
		cancel()
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", step, err)
		}
		leavesNothing(t)
	}
}

// TestRejected: of what the API server does not take nothing is proven, and whoever reads
// the report must be told what that is.
func TestRejected(t *testing.T) {
	t.Parallel()
	s := cluster(t, allowed)
	services, _ := facts.Services.Get(s)
	r := run(t, s.With(facts.Present(facts.Services, append(slices.Clone(services), facts.Service{Namespace: "hooks", Name: "Not_A_Name", Ports: []facts.ServicePort{{Port: 443}}}))))
	if len(r.Loaded.Rejected) != 1 || !strings.HasPrefix(r.Loaded.Rejected[0], "Service hooks/Not_A_Name: ") {
		t.Errorf("rejected are %q", r.Loaded.Rejected)
	}
	if r.Confirms() || len(r.Problems) != 1 || !strings.HasPrefix(r.Problems[0], "1 of the recorded objects the API server did not take, so that nothing is proven of what hangs on them: Service hooks/Not_A_Name") {
		t.Errorf("%s: %q", r.Agreement, r.Problems)
	}
}

// TestTakenNames: a definition of which a name is another's already is not served. It is
// told as an object that was rejected, and the rest is rehearsed.
func TestTakenNames(t *testing.T) {
	t.Parallel()
	r := run(t, cluster(t, allowed).With(facts.Present(facts.CustomResources, []facts.CustomResource{
		{Name: "others.example.org", Kind: "Thing", Served: []string{"v1"}, Storage: "v1", Established: true},
		{Name: "things.example.org", Kind: "Thing", Served: []string{"v1"}, Storage: "v1", Established: true},
	})))
	if len(r.Loaded.Rejected) != 1 || !strings.Contains(r.Loaded.Rejected[0], "it is not served") || r.Agreement != rehearsal.Agrees || r.Confirms() {
		t.Errorf("%s %q, rejected %q", r.Agreement, r.Differences, r.Loaded.Rejected)
	}
}

func run(t *testing.T, s *facts.Snapshot) rehearsal.Result {
	t.Helper()
	all, err := rehearse.Run(t.Context(), rehearse.Options{Snapshot: s})
	if err != nil {
		t.Fatal(err)
	}
	return all[0]
}
