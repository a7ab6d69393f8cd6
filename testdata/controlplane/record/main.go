// Command record records the incident anew: it stages it on the real control
// plane and runs bin/gke-preflight against it, once while Open Policy Agent
// answers and once while it is frozen. "make record" runs it, in the root of the
// repository.
package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/gke-preflight/gke-preflight/gke/controlplane/rig"
	"github.com/gke-preflight/gke-preflight/testdata/controlplane/incident"
)

const (
	tool      = "bin/gke-preflight"
	directory = "testdata/recorded"
)

func main() { os.Exit(rig.Enter(run)) }

func run() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := record(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "record:", err)
		return 1
	}
	return 0
}

func record(ctx context.Context) error {
	for _, needed := range []string{tool, directory} {
		if _, err := os.Stat(needed); err != nil {
			return fmt.Errorf("%w: run make record, in the root of the repository", err)
		}
	}
	dir, err := os.MkdirTemp("", "record-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	scene, err := incident.Stage(ctx, dir)
	if err != nil {
		return err
	}
	defer scene.Stop()
	if err := snapshot(ctx, scene, "all-clear.zip"); err != nil {
		return err
	}
	if err := scene.OPA.Freeze(); err != nil {
		return err
	}
	return snapshot(ctx, scene, "incident.zip")
}

func snapshot(ctx context.Context, s *incident.Scene, name string) error {
	cmd := exec.CommandContext(ctx, tool, "snapshot", "--file", filepath.Join(directory, name),
		"--kubeconfig", s.Kubeconfig, "--target-version", s.Target,
		"--gke-endpoint", s.GKE.URL, "--compute-endpoint", s.GKE.URL, "--recommender-endpoint", s.GKE.URL, "--monitoring-endpoint", s.GKE.URL)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	return cmd.Run()
}
