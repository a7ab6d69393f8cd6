package main

import (
	"cmp"
	"context"
	"path/filepath"

	"github.com/spf13/cobra"

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

// lookAt looks at a cluster, or reads its recording. target is as --target-version
// takes it; empty stands for what GKE would upgrade to, or what was recorded.
func (f severalFlags) lookAt(ctx context.Context, c facts.Cluster, target string, say *progress) (*facts.Snapshot, error) {
	if f.recordings == "" {
		f.gke.Project, f.gke.Location, f.gke.Cluster = c.Project, c.Location, c.Name
		f.target = cmp.Or(target, f.target)
		return f.look(ctx, say)
	}
	s, err := load(filepath.Join(f.recordings, pathElement(c.Project)+"_"+pathElement(c.Location)+"_"+pathElement(c.Name)+".zip"))
	if err != nil || target == "" {
		return s, err
	}
	return aim(s, target)
}
