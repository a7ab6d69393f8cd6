// Command record records add-ons while they run: it applies what "map -render" rendered
// of each to a real control plane, starts the add-on's own programs and, once they have
// registered what they register, runs bin/gke-preflight against it. "make record-addons"
// runs it, in the root of the repository.
//
//	record [-checkouts DIR] [-only NAME] RENDERED
package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/gke-preflight/gke-preflight/gke/controlplane"
	"github.com/gke-preflight/gke-preflight/gke/controlplane/binaries"
	"github.com/gke-preflight/gke-preflight/gke/controlplane/rig"
	"github.com/gke-preflight/gke-preflight/preflight/addons"
)

const (
	tool      = "bin/gke-preflight"
	directory = "testdata/map/recorded"
	policies  = "testdata/map/policies"
)

// patience is how long an add-on may take to register what it registers.
const patience = 5 * time.Minute

func main() { os.Exit(rig.Enter(run)) }

func run() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	checkouts := flag.String("checkouts", "", "directory that holds checkouts of public repositories, as OWNER/NAME")
	only := flag.String("only", "", "record this add-on alone")
	flag.Parse()
	if err := recordAll(ctx, flag.Arg(0), *checkouts, *only); err != nil {
		fmt.Fprintln(os.Stderr, "record:", err)
		return 1
	}
	return 0
}

func recordAll(ctx context.Context, rendered, checkouts, only string) error {
	for _, needed := range []string{tool, directory, rendered} {
		if _, err := os.Stat(needed); err != nil {
			return fmt.Errorf("%w: run make record-addons, in the root of the repository", err)
		}
	}
	for _, a := range addons.Index() {
		if only != "" && only != a.Name {
			continue
		}
		for _, i := range a.Installs {
			if i.From.Recorded == "" {
				continue
			}
			built, err := build(ctx, a.Name, i.From, checkouts)
			if err != nil {
				return fmt.Errorf("%s: %w", a.Name, err)
			}
			if built == nil {
				fmt.Printf("%s stays as it is, for want of a checkout\n", i.From.Recorded)
				continue
			}
			for _, r := range recordings(i) {
				fmt.Printf("%s: ", r.file)
				r.text = filepath.Join(rendered, r.file+".yaml")
				if err := record(ctx, a, i, built, r); err != nil {
					return fmt.Errorf("%s: %w", r.file, err)
				}
			}
		}
	}
	return nil
}

// A recording is what is recorded of an install: as it is, and with a change that makes
// it safe.
type recording struct {
	file string
	// text is the file with what the makers' chart renders to, policies that with what
	// is applied once it runs; empty for nothing.
	text, policies string
}

func recordings(i addons.Install) []recording {
	all := []recording{{file: i.From.Recorded, policies: i.From.Policies}}
	for _, c := range i.Safe {
		if c.Recorded == "" {
			continue
		}
		r := recording{file: c.Recorded, policies: i.From.Policies}
		if c.Policies != "" {
			r.policies = c.Policies
		}
		all = append(all, r)
	}
	return all
}

func record(ctx context.Context, a addons.Addon, i addons.Install, built map[string]string, r recording) error {
	dir, err := os.MkdirTemp("", "record-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	c, err := rig.New(ctx, dir, controlplane.Options{})
	if err != nil {
		return err
	}
	defer c.Stop()
	if err := c.AddNodes(ctx, rig.NodePool{Count: 1}); err != nil {
		return err
	}
	s := &stage{Cluster: c, namespace: cmp.Or(i.Namespace, a.Name), registers: awaited(a.Name, r.policies)}
	waiting, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := s.install(waiting, r, programs[a.Name], built); err != nil {
		return fmt.Errorf("%w\n%s", err, s.said())
	}
	_, to, err := binaries.Hop()
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, tool, "snapshot", "--exit-zero", "--no-gke", "--file", filepath.Join(directory, r.file), "--kubeconfig", c.Kubeconfig, "--target-version", to.Version)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	return cmd.Run()
}
