package main

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/bootstrap"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/manifest"
	"github.com/gke-preflight/gke-preflight/preflight/render"
	"github.com/gke-preflight/gke-preflight/preflight/simulation"
)

// simulateFlags say what to simulate on.
type simulateFlags struct {
	cluster   clusterFlags
	recording string
	from      string
	manifests []string
	format    string
	exitZero  bool
}

func newSimulate() *cobra.Command {
	var f simulateFlags
	cmd := &cobra.Command{
		Use:   "simulate",
		Short: "Print what the target would write at start-up, and who would see it",
		Long: `Prints the writes that the target version's kube-apiserver would make while it
starts, hook by hook, what becomes of the replica if one fails, and which webhooks
and policies see each. Nobody is asked: that is what check does.

With --webhook, manifests that are not applied yet are added, and the verdict is
about them alone: so a pull request that would endanger the next upgrade can be
stopped. With --from no cluster is needed: an untouched one of that minor is taken.

Exit codes: 0 clear, or nothing of the manifests does anything; 1 could not run, or
the API server would refuse a manifest; 3 endangered: while no webhook answers, or
because a policy denies, the replica does not get ready, or something is lost that
the cluster lives by (explain lifelines); 4 undecided.`,
		Example: `  gke-preflight simulate --target-version 1.36
  gke-preflight simulate --from 1.35 --target-version 1.36
  helm template my-policies | gke-preflight simulate --from 1.35 --target-version 1.36 --webhook -
  gke-preflight simulate --snapshot prod.zip --webhook webhooks.yaml -o json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd) },
	}
	f.cluster.bind(cmd)
	f.cluster.clock.bindAsOf(cmd.Flags(), "simulate as of this time, such as 2026-12-31; default: now")
	fs := cmd.Flags()
	fs.StringVar(&f.recording, "snapshot", "", "simulate on this recording instead of a live cluster")
	fs.StringVar(&f.from, "from", "", "simulate on an untouched cluster of this minor, such as 1.35, with no cluster at hand")
	fs.StringArrayVar(&f.manifests, "webhook", nil, "manifest of webhooks or policies to add, - for standard input; may be given several times")
	choose(cmd, &f.format, "output", "o", "table", "format: table or json", "table", "json")
	fs.BoolVar(&f.exitZero, "exit-zero", false, "exit 0 whatever the verdict")
	cmd.MarkFlagsMutuallyExclusive("snapshot", "from")
	complete(cmd, "from", bootstrap.Minors()...)
	return cmd
}

func (f *simulateFlags) run(cmd *cobra.Command) error {
	manifests, err := readManifests(cmd, f.manifests)
	if err != nil {
		return err
	}
	s, err := f.snapshot(cmd)
	if err != nil {
		return err
	}
	s, added, err := f.apply(s, manifests)
	if err != nil {
		return err
	}
	sim := preflight.CleanCopy(simulation.Of(s, added))
	out := cmd.OutOrStdout()
	if f.format == "json" {
		err = render.JSON(out, sim)
	} else {
		err = render.Simulation(out, sim, terminal(out).options())
	}
	if err != nil || f.exitZero {
		return err
	}
	switch sim.Verdict {
	case simulation.Endangered:
		return exitCode(preflight.ExitNotReady)
	case simulation.Undecided:
		return exitCode(preflight.ExitInconclusive)
	case simulation.Clear, simulation.NoEffect:
	}
	return nil
}

// readManifests reads the files of --webhook, before any cluster is looked at.
func readManifests(cmd *cobra.Command, files []string) ([]manifest.Manifest, error) {
	var all []manifest.Manifest
	for _, file := range files {
		content, err := read(cmd, file)
		if err != nil {
			return nil, err
		}
		m, err := manifest.Read(file, content)
		if err != nil {
			return nil, fmt.Errorf("--webhook %w", err)
		}
		all = append(all, m)
	}
	return all, nil
}

// apply adds the manifests to s; it returns nil where there are none.
func (f *simulateFlags) apply(s *facts.Snapshot, all []manifest.Manifest) (*facts.Snapshot, *manifest.Added, error) {
	if len(all) == 0 {
		return s, nil, nil
	}
	s, added, err := manifest.Apply(s, f.from != "", all...)
	if err != nil {
		return nil, nil, fmt.Errorf("--webhook %w", err)
	}
	return s, &added, nil
}

func (f *simulateFlags) snapshot(cmd *cobra.Command) (*facts.Snapshot, error) {
	switch {
	case f.from != "":
		if err := unheeded(cmd, "--from"); err != nil {
			return nil, err
		}
		return f.untouched()
	case f.recording != "":
		return f.cluster.recording(cmd, f.recording)
	}
	if err := named(cmd, "snapshot"); err != nil {
		return nil, err
	}
	say := f.cluster.progress(cmd)
	defer say.clear()
	var seen *facts.Snapshot
	err := f.cluster.inTime(cmd.Context(), func(ctx context.Context) error {
		s, conn, err := f.cluster.collect(ctx, say)
		if err != nil {
			return err
		}
		seen = s
		return conn.Close()
	})
	return seen, err
}

// untouched is a cluster of a minor as it is when nobody has changed anything.
func (f *simulateFlags) untouched() (*facts.Snapshot, error) {
	observations, ok := bootstrap.Untouched(f.from)
	if !ok {
		return nil, fmt.Errorf("--from: %q is not one of the minors that are known, %v", f.from, bootstrap.Minors())
	}
	if f.cluster.target == "" {
		return nil, fmt.Errorf("--target-version is missing: with --from there is no cluster to ask for the next version")
	}
	s := facts.New(facts.Meta{Tool: toolVersion()}, observations...)
	return aim(s, f.cluster.target)
}

func read(cmd *cobra.Command, file string) ([]byte, error) {
	if file == "-" {
		return io.ReadAll(cmd.InOrStdin())
	}
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("--webhook: %w", err)
	}
	return b, nil
}
