// Command catalogue makes the record of what each minor writes when it starts:
// it starts each kube-apiserver over an empty etcd and reads its audit log. "make
// catalogue" runs it, in the root of the repository.
//
// It records every minor that the rig builds, and the earlier patches; with -only
// those that are named, and takes the others from the record. When a minor is
// added, it stops at writes that no hook is known to make. What the new minor writes on an upgrade
// stands in preflight/bootstrap/catalogue/data/hops.txt afterwards; what a hook
// does while a write fails can't be recorded, and belongs in the table in
// preflight/bootstrap/hooks.go.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/gke-preflight/gke-preflight/gke/controlplane"
	"github.com/gke-preflight/gke-preflight/gke/controlplane/binaries"
	"github.com/gke-preflight/gke-preflight/gke/controlplane/rig"
	"github.com/gke-preflight/gke-preflight/gke/kube"
	"github.com/gke-preflight/gke-preflight/preflight/bootstrap/catalogue"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

const directory = "preflight/bootstrap/catalogue/data"

// settled is how long after its start an API server has made all its writes: the
// last is the first renewal of its identity lease, after ten seconds.
const settled = 15 * time.Second

func main() { os.Exit(rig.Enter(run)) }

func run() int {
	only := flag.String("only", "", "the versions to record, such as 1.37.2,1.36.1; all if empty")
	flag.Parse()
	if err := generate(context.Background(), *only); err != nil {
		fmt.Fprintln(os.Stderr, "catalogue:", err)
		return 1
	}
	return 0
}

func generate(ctx context.Context, only string) error {
	if _, err := os.Stat(directory); err != nil {
		return fmt.Errorf("%w: run it in the root of the repository", err)
	}
	recorded, err := recordAll(func(version string) (catalogue.Minor, error) {
		if only != "" && !slices.Contains(strings.Split(only, ","), version) {
			return onRecord(version)
		}
		fmt.Fprintf(os.Stderr, "recording a fresh start of %s\n", version)
		return record(ctx, version)
	})
	if err != nil {
		return err
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

// recordAll returns every minor that the rig builds, each with its earlier
// patches, by what of returns for a version.
func recordAll(of func(version string) (catalogue.Minor, error)) ([]catalogue.Minor, error) {
	servers, earlier, err := versions()
	if err != nil {
		return nil, err
	}
	var all []catalogue.Minor
	for _, version := range servers {
		m, err := of(version)
		if err != nil {
			return nil, err
		}
		for _, patch := range earlier {
			if !strings.HasPrefix(patch, m.Line()+".") {
				continue
			}
			before, err := of(patch)
			if err != nil {
				return nil, err
			}
			m.Earlier = append(m.Earlier, before)
		}
		all = append(all, m)
	}
	return all, nil
}

// versions are those of the kube-apiservers that the rig builds, and of the
// earlier patches, the oldest first.
func versions() (servers, earlier []string, err error) {
	all, err := binaries.All()
	before, err2 := binaries.Earlier()
	for _, b := range slices.Backward(all) {
		if b.Name == "kube-apiserver" {
			servers = append(servers, b.Version)
		}
	}
	for _, b := range slices.Backward(before) {
		earlier = append(earlier, b.Version)
	}
	return servers, earlier, errors.Join(err, err2)
}

// onRecord returns what is committed of a version.
func onRecord(version string) (catalogue.Minor, error) {
	for _, m := range catalogue.All() {
		for _, p := range append([]catalogue.Minor{m}, m.Earlier...) {
			if p.Version == version {
				p.Earlier = nil
				return p, nil
			}
		}
	}
	return catalogue.Minor{}, fmt.Errorf("%s is not on record: run make catalogue", version)
}

func record(ctx context.Context, version string) (catalogue.Minor, error) {
	m := catalogue.Minor{}
	dir, err := os.MkdirTemp("", "catalogue-")
	if err != nil {
		return m, err
	}
	defer os.RemoveAll(dir)
	c, err := rig.New(ctx, dir, controlplane.Options{Minor: version})
	if err != nil {
		return m, err
	}
	defer c.Stop()
	time.Sleep(settled)
	m.Version = c.First.Version
	s := facts.New(facts.Meta{}, kube.Collect(ctx, c.Config, kube.Options{})...)
	if a, absent := s.Absence(facts.APIResources); absent {
		return m, fmt.Errorf("%s: %s: %s", version, facts.APIResources.ID(), a)
	}
	m.Resources = facts.APIResources.Of(s)
	events, err := c.First.Audit()
	if err != nil {
		return m, err
	}
	m.Writes, err = writes(events)
	return m, err
}
