// Package rehearse makes an upgrade of a recorded cluster on real API servers of its
// own: etcd and a kube-apiserver of the cluster's minor are started and made to hold
// what was recorded, and the target's is started beside it, with stand-ins for the
// webhooks' backends. It looks at no cluster, and needs no network and no root.
package rehearse

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"

	"github.com/gke-preflight/gke-preflight/gke/controlplane/binaries"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/rehearsal"
	"github.com/gke-preflight/gke-preflight/preflight/version"
)

// Options say what to rehearse. Zero values are as stated.
type Options struct {
	// Snapshot is the cluster. Its target is what is upgraded to.
	Snapshot *facts.Snapshot
	// Name says what was made of the cluster that was seen; empty if nothing.
	Name string
	// After are what to do to the cluster afterwards, each followed by another start.
	After []Act
	// Find returns the programs to run; nil for [binaries.Find].
	Find func(name, version string) (binaries.Binary, error)
	// Kubelet restarts the target as a kubelet with the liveness probe of GCE's manifest
	// does.
	Kubelet bool
	// Say is told what is being done; nil for nobody.
	Say func(format string, args ...any)
	// StandIns are who answers; nil for [rehearsal.StandIns].
	StandIns func(*facts.Snapshot) []*rehearsal.StandIn
}

// An Act is a change to the cluster that is rehearsed: the webhooks and policies of
// Snapshot take the place of those that are there. Name says what is changed, such as
// "with the patches of fix".
type Act struct {
	Name     string
	Snapshot *facts.Snapshot
}

// Run makes the rehearsal in a folder of its own, which it removes. When it returns
// none of the programs runs any more, also where ctx ended it. There is a result for the
// cluster as it is, and one for each act.
func Run(ctx context.Context, o Options) ([]rehearsal.Result, error) {
	if o.Say == nil {
		o.Say = func(string, ...any) {}
	}
	if o.Find == nil {
		o.Find = binaries.Find
	}
	if o.StandIns == nil {
		o.StandIns = rehearsal.StandIns
	}
	if runtime.GOOS == "windows" {
		return nil, errors.New("a rehearsal takes Linux or macOS: record the cluster with snapshot, and rehearse it there")
	}
	o.Snapshot = rehearsal.Listed(o.Snapshot)
	o.After = slices.Clone(o.After)
	for n := range o.After {
		o.After[n].Snapshot = rehearsal.Listed(o.After[n].Snapshot)
	}
	from, to, err := minors(o.Snapshot)
	if err != nil {
		return nil, err
	}
	if o.Find, err = found(o.Find, from, to); err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "rehearse-")
	if err != nil {
		return nil, fmt.Errorf("no folder for the rehearsal: %w; set TMPDIR to one with 500 MB", err)
	}
	defer os.RemoveAll(dir)
	if n := len(dir) + len("/99"); n > longestSocket {
		return nil, fmt.Errorf("the path %s is too long for a socket in it, by %d bytes: set TMPDIR to a shorter one", dir, n-longestSocket)
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	st := &stage{Options: o, dir: dir, from: from, to: to, current: o.Snapshot}
	defer st.close()
	all, err := st.play(ctx, cancel)
	if cause := context.Cause(ctx); cause != nil && !errors.Is(cause, context.Canceled) {
		err = cause
	}
	if full(dir) { // also where all went well: logs that are cut short show fewer writes
		return nil, explained(syscall.ENOSPC)
	}
	return all, explained(err)
}

// longestSocket is how long a path to a socket may be: 104 bytes on macOS, the last of
// them zero, and a little more on Linux.
const longestSocket = 103

// Programs are those that a rehearsal of s runs, each as name and minor, which is empty
// for any.
func Programs(s *facts.Snapshot) ([][2]string, error) {
	from, to, err := minors(s)
	return programs(from, to), err
}

func programs(from, to string) [][2]string {
	return [][2]string{{"etcd", ""}, {"kube-apiserver", from}, {"kube-apiserver", to}}
}

// found finds all programs before any is started: one that has to be built first would
// use up the time that the others are given.
func found(find func(name, version string) (binaries.Binary, error), from, to string) (func(name, version string) (binaries.Binary, error), error) {
	all := map[[2]string]binaries.Binary{}
	for _, p := range programs(from, to) {
		b, err := find(p[0], p[1])
		if err != nil {
			return nil, err
		}
		all[p] = b
	}
	return func(name, version string) (binaries.Binary, error) {
		if b, ok := all[[2]string{name, version}]; ok {
			return b, nil
		}
		return find(name, version)
	}, nil
}

// full reports whether a program of the rehearsal has said that its disk is.
func full(dir string) bool {
	found := false
	_ = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(path, "log") && !d.IsDir() {
			b, err := os.ReadFile(path)
			found = found || err == nil && bytes.Contains(b, []byte("no space left on device"))
		}
		return nil
	})
	return found
}

// explained adds to an error what is to be done about it, where the programs' own words
// show what it comes from.
func explained(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, syscall.ENOSPC):
		return fmt.Errorf("the disk of %s is full: set TMPDIR to a folder with 500 MB", os.TempDir())
	case strings.Contains(err.Error(), "address already in use"):
		return fmt.Errorf("another program took a port in between; start the rehearsal again: %w", err)
	}
	return err
}

// minors are those of the cluster and of the target, such as 1.35 and 1.36.
func minors(s *facts.Snapshot) (from, to string, err error) {
	v, ok := facts.ServerVersion.Get(s)
	if !ok {
		a, _ := s.Absence(facts.ServerVersion)
		return "", "", fmt.Errorf("the cluster's version is not known (%s), so that there is nothing to rehearse", a)
	}
	running, err := version.Parse(v.GitVersion)
	if err != nil {
		return "", "", err
	}
	if s.Meta.Target == "" {
		return "", "", errors.New("no target is known: pass --target-version")
	}
	target, err := version.Parse(s.Meta.Target)
	if err != nil {
		return "", "", err
	}
	return running.Line(), target.Line(), nil
}
