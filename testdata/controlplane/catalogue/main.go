// Command catalogue makes the record of what each minor writes when it starts:
// it starts each kube-apiserver over an empty etcd and reads its audit log. "make
// catalogue" runs it, in the root of the repository.
//
// It records every minor that the rig builds. When one is added, it stops at
// writes that no hook is known to make. What the new minor writes on an upgrade
// stands in preflight/bootstrap/catalogue/data/hops.txt afterwards; what a hook
// does while a write fails can't be recorded, and belongs in the table in
// preflight/bootstrap/hooks.go.
package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/gke-preflight/gke-preflight/gke/kube"
	"github.com/gke-preflight/gke-preflight/preflight/bootstrap/catalogue"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/testdata/controlplane"
	"github.com/gke-preflight/gke-preflight/testdata/controlplane/binaries"
)

const directory = "preflight/bootstrap/catalogue/data"

// settled is how long after its start an API server has made all its writes: the
// last is the first renewal of its identity lease, after ten seconds.
const settled = 15 * time.Second

func main() { os.Exit(controlplane.Enter(run)) }

func run() int {
	if err := generate(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "catalogue:", err)
		return 1
	}
	return 0
}

func generate(ctx context.Context) error {
	if _, err := os.Stat(directory); err != nil {
		return fmt.Errorf("%w: run it in the root of the repository", err)
	}
	lines, err := binaries.Minors()
	if err != nil {
		return err
	}
	var recorded []catalogue.Minor
	for _, line := range lines {
		fmt.Fprintf(os.Stderr, "recording a fresh start of %s\n", line)
		m, err := record(ctx, line)
		if err != nil {
			return fmt.Errorf("%s: %w", line, err)
		}
		recorded = append(recorded, m)
	}
	files, err := catalogue.Encode(recorded)
	if err != nil {
		return err
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(directory, name), content, 0o644); err != nil {
			return err
		}
	}
	return nil
}

func record(ctx context.Context, minor string) (catalogue.Minor, error) {
	m := catalogue.Minor{}
	dir, err := os.MkdirTemp("", "catalogue-")
	if err != nil {
		return m, err
	}
	defer os.RemoveAll(dir)
	c, err := controlplane.New(ctx, dir, controlplane.Options{Minor: minor})
	if err != nil {
		return m, err
	}
	defer c.Stop()
	time.Sleep(settled)
	m.Version = c.First.Version
	s := facts.New(facts.Meta{}, kube.Collect(ctx, c.Config, kube.Options{})...)
	if a, absent := s.Absence(facts.APIResources); absent {
		return m, fmt.Errorf("%s: %s", facts.APIResources.ID(), a)
	}
	m.Resources = facts.APIResources.Of(s)
	events, err := c.First.Audit()
	if err != nil {
		return m, err
	}
	m.Writes, err = writes(events)
	return m, err
}
