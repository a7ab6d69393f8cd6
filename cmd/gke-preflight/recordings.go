package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/gke-preflight/gke-preflight/gke/shelf"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// severalFlags say how a verb looks at several clusters.
type severalFlags struct {
	observeFlags
	recordings string
}

// bind adds the flags without those that name one cluster or its target.
func (f *severalFlags) bind(cmd *cobra.Command) {
	f.observeFlags.bind(cmd)
	hide(cmd.Flags(), "target-version", "project", "location", "cluster", "context", "kubeconfig")
	cmd.Flags().StringVar(&f.recordings, "snapshots", "", "judge recordings instead of live clusters: a directory of PROJECT_LOCATION_CLUSTER.zip")
}

// refuse returns an error for flags that name one cluster, and for others that the verb
// has no use for.
func (f severalFlags) refuse(cmd *cobra.Command, others ...string) error {
	for _, name := range append(others, "project", "location", "cluster", "context", "kubeconfig", "server") {
		if cmd.Flags().Changed(name) {
			return fmt.Errorf("--%s has no meaning here: several clusters are looked at, each by its own name", name)
		}
	}
	if f.recordings == "" {
		return named(cmd, "snapshots")
	}
	// The clusters may be listed by the GKE API all the same.
	return unheeded(cmd, "--snapshots", "gke-endpoint")
}

// lookAt looks at a cluster, or reads its recording. target is as --target-version
// takes it; empty stands for what GKE would upgrade to, or what was recorded.
func (f severalFlags) lookAt(ctx context.Context, c facts.Cluster, target string, say *progress) (*facts.Snapshot, error) {
	if f.recordings == "" {
		f.gke.Project, f.gke.Location, f.gke.Cluster = c.Project, c.Location, c.Name
		f.target = cmp.Or(target, f.target)
		return f.look(ctx, say)
	}
	file := filepath.Join(f.recordings, shelf.PathElement(c.Project)+"_"+shelf.PathElement(c.Location)+"_"+shelf.PathElement(c.Name)+".zip")
	if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("--snapshots: there is no recording %s; gke-preflight snapshot --file makes one", file)
	}
	s, err := load(file)
	if err != nil {
		return nil, err
	}
	if seen := s.Meta.Cluster; seen != c {
		return nil, fmt.Errorf("it is a recording of %s/%s/%s", seen.Project, seen.Location, seen.Name)
	}
	if s, err = f.clock.judged(s); err != nil || target == "" {
		return s, err
	}
	return aim(s, target)
}
