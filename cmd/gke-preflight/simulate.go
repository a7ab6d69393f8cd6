package main

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

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
Where minors lie between that and the target, each step is simulated on a cluster of
its own, and --from all takes every step that is known. The last line names the webhook
or policy, what it would stop, and what follows.

Exit codes: 0 clear, or nothing of the manifests does anything; 1 could not run, or
the API server would refuse a manifest; 3 endangered: while no webhook answers, or
because a policy denies, the replica does not get ready, or something is lost that
the cluster lives by or an upgrade of its nodes needs (explain lifelines); 4 undecided.`,
		Example: `  gke-preflight simulate --target-version 1.36
  gke-preflight simulate --from 1.35 --target-version 1.36
  helm template my-policies | gke-preflight simulate --from 1.35 --target-version 1.36 --webhook -
  gke-preflight simulate --from 1.33 --target-version 1.37 --webhook webhooks.yaml
  gke-preflight simulate --from all --webhook webhooks.yaml -o github
  gke-preflight simulate --snapshot prod.zip --webhook webhooks.yaml -o json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd) },
	}
	f.cluster.bind(cmd)
	f.cluster.clock.bindAsOf(cmd.Flags(), "simulate as of this time, such as 2026-12-31; default: now")
	fs := cmd.Flags()
	fs.StringVar(&f.recording, "snapshot", "", "simulate on this recording instead of a live cluster")
	fs.StringVar(&f.from, "from", "", "simulate on an untouched cluster of this minor, such as 1.35, with no cluster at hand; all for every step from the oldest that is known")
	fs.StringArrayVar(&f.manifests, "webhook", nil, "manifest of webhooks or policies to add, - for standard input; may be given several times")
	choose(cmd, &f.format, "output", "o", "table", "format: table, json, github (annotations of a GitHub Actions step) or sarif (code scanning); the latter two with file and line of the manifest", "table", "json", "github", "sarif")
	fs.BoolVar(&f.exitZero, "exit-zero", false, "exit 0 whatever the verdict")
	cmd.MarkFlagsMutuallyExclusive("snapshot", "from")
	complete(cmd, "from", append(bootstrap.Minors(), everyHop)...)
	return cmd
}

func (f *simulateFlags) run(cmd *cobra.Command) error {
	manifests, err := readManifests(cmd, f.manifests)
	if err != nil {
		return err
	}
	snapshots, err := f.snapshots(cmd)
	if err != nil {
		return err
	}
	var all []simulation.Simulation
	for _, s := range snapshots {
		s, added, err := f.apply(s, manifests)
		if err != nil {
			return err
		}
		all = append(all, simulation.Of(s, added))
	}
	hops := preflight.CleanCopy(simulation.Together(all))
	if err := f.write(cmd.OutOrStdout(), hops); err != nil || f.exitZero {
		return err
	}
	switch hops.Verdict {
	case simulation.Endangered:
		return exitCode(preflight.ExitNotReady)
	case simulation.Undecided:
		return exitCode(preflight.ExitInconclusive)
	case simulation.Clear, simulation.NoEffect:
	}
	return nil
}

// write writes one simulation as such, and several as one.
func (f *simulateFlags) write(out io.Writer, hops simulation.Hops) error {
	switch {
	case f.format == "github":
		return render.SimulationGitHub(out, hops)
	case f.format == "sarif":
		return render.SimulationSARIF(out, hops, toolVersion())
	case f.format == "json" && len(hops.Hops) == 1:
		return render.JSON(out, hops.Hops[0])
	case f.format == "json":
		return render.JSON(out, hops)
	case len(hops.Hops) == 1:
		return render.Simulation(out, hops.Hops[0], terminal(out).options())
	}
	return render.Simulations(out, hops, terminal(out).options())
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

// snapshots are what is simulated on: one cluster, or one before each step.
func (f *simulateFlags) snapshots(cmd *cobra.Command) ([]*facts.Snapshot, error) {
	var one *facts.Snapshot
	var err error
	switch {
	case f.from != "":
		if err := unheeded(cmd, "--from"); err != nil {
			return nil, err
		}
		return f.untouched()
	case f.recording != "":
		one, err = f.cluster.recording(cmd, f.recording)
	default:
		one, err = f.live(cmd)
	}
	if err != nil {
		return nil, err
	}
	return []*facts.Snapshot{one}, nil
}

func (f *simulateFlags) live(cmd *cobra.Command) (*facts.Snapshot, error) {
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

// everyHop is the value of --from for every step that is known.
const everyHop = "all"

// untouched are clusters as they are when nobody has changed anything: one of the minor
// of --from, and one of each that lies between that and the target.
func (f *simulateFlags) untouched() ([]*facts.Snapshot, error) {
	minors, from, last := bootstrap.Minors(), f.from, f.cluster.target
	if from == everyHop {
		from = minors[0]
		last = cmp.Or(last, minors[len(minors)-1])
	}
	if last == "" {
		return nil, fmt.Errorf("--target-version is missing: with --from there is no cluster to ask for the next version")
	}
	steps := simulation.Steps(from, last)
	if f.from == everyHop && steps[0].From == steps[0].To {
		return nil, fmt.Errorf("--target-version %s: no step that is known leads there; the first is from %s to %s", last, minors[0], minors[1])
	}
	var all []*facts.Snapshot
	for _, hop := range steps {
		observations, ok := bootstrap.Untouched(hop.From)
		if !ok {
			return nil, fmt.Errorf("--from: %q is not one of the minors that are known, %s; nor is it %s", f.from, strings.Join(minors, ", "), everyHop)
		}
		s, err := aim(facts.New(facts.Meta{Tool: toolVersion()}, observations...), hop.To)
		if err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	return all, nil
}

func read(cmd *cobra.Command, file string) ([]byte, error) {
	if file == "-" {
		return io.ReadAll(cmd.InOrStdin())
	}
	if info, err := os.Stat(file); err == nil && info.IsDir() {
		return nil, fmt.Errorf("--webhook: %s is a directory%s", file, rendering(file))
	}
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("--webhook: %w", err)
	}
	return b, nil
}

// rendering says what renders a directory, where it holds a chart or a kustomization;
// what else there is to do with it where it does not.
func rendering(folder string) string {
	if _, err := os.Stat(filepath.Join(folder, "Chart.yaml")); err == nil {
		return ", a chart, and no manifest: render it first: " + manifest.Helm(folder)
	}
	for _, name := range []string{"kustomization.yaml", "kustomization.yml", "Kustomization"} {
		if b, err := os.ReadFile(filepath.Join(folder, name)); err == nil {
			return ", a kustomization, and no manifest: render it first: " + manifest.Kustomize(folder, bytes.Contains(b, []byte("helmCharts:")))
		}
	}
	return ": give each file of it a --webhook of its own"
}
