package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/gke-preflight/gke-preflight/gke/shelf"
	"github.com/gke-preflight/gke-preflight/gke/store"
	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/plan"
	"github.com/gke-preflight/gke-preflight/preflight/policy"
	"github.com/gke-preflight/gke-preflight/preflight/render"
)

// planFlags say how the upgrades of a plan are checked.
type planFlags struct {
	severalFlags
	out              outputFlags
	policy           policyFlags
	reports          keepFlags
	parallel         int
	acceptRecreation bool
}

func newPlan() *cobra.Command {
	var f planFlags
	cmd := &cobra.Command{
		Use:   "plan PLAN.json",
		Short: "Check the clusters that a plan of Terraform or OpenTofu upgrades",
		Long: `Reads a plan as terraform show -json prints it, - for standard input, and finds every
google_container_cluster and google_container_node_pool whose control plane starts anew
or whose nodes are made anew: by a version, by the release channel, by any attribute that
GKE does so for, or by deletion. Each cluster is then checked as check does, for the
version that the plan asks for; where only nodes are replaced, for the version that the
control plane runs. A plan that upgrades nothing passes at once, and no cluster is
contacted. gke-preflight explain terraform-attributes lists what counts.

What is only known after apply is named, and never passes. Where timeouts are shorter
than upgrades take, a warning says so. A file as PowerShell or setup-terraform writes it
is read; for one that is no plan, the command is named that makes one.

Exit codes, by the worst of the plan's resources: 0 ready, or nothing to check; 1 could
not run; 3 not ready; 4 inconclusive, or a cluster could not be looked at.`,
		Example: `  terraform plan -out=tfplan && terraform show -json tfplan > plan.json
  gke-preflight plan plan.json

  # As a gate in front of apply, with the reports for later
  gke-preflight plan plan.json -o table -o json=plan-report.json --reports reports && terraform apply tfplan

  # With recordings in place of clusters: recordings/PROJECT_LOCATION_CLUSTER.zip
  gke-preflight plan plan.json --snapshots recordings`,
		Args: onePlan,
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd, args[0]) },
	}
	f.bind(cmd)
	f.bindHelm(cmd.Flags())
	f.out.bindFormats(cmd, "table", "markdown", "json")
	f.policy.bindAccepted(cmd)
	f.clock.bind(cmd.Flags())
	f.reports.bind(cmd)
	cmd.Flags().IntVar(&f.parallel, "parallel", 4, "how many clusters are looked at at the same time")
	cmd.Flags().BoolVar(&f.acceptRecreation, "accept-recreation", false, "let a plan pass that deletes a cluster, also to make another")
	return cmd
}

// onePlan asks for a plan where none is given.
func onePlan(_ *cobra.Command, args []string) error {
	switch {
	case len(args) == 0:
		return errors.New("which plan? terraform show -json tfplan > plan.json && gke-preflight plan plan.json; or - for standard input")
	case len(args) > 1:
		return fmt.Errorf("%d plans: one is read at a time", len(args))
	}
	return nil
}

func (f *planFlags) run(cmd *cobra.Command, file string) error {
	if err := f.out.validate(); err != nil {
		return err
	}
	if f.parallel < 1 {
		return fmt.Errorf("--parallel %d: at least one cluster is looked at at a time", f.parallel)
	}
	if err := f.refuse(cmd, "target-version"); err != nil {
		return err
	}
	rules, err := f.policy.rules(cmd, &f.clock)
	if err != nil {
		return err
	}
	content, err := readFile(cmd.InOrStdin(), file)
	if err != nil {
		return err
	}
	upgrades, err := plan.Read(content)
	if err != nil {
		return fmt.Errorf("%s %w", file, err)
	}
	looks, err := f.looks(cmd, plan.Clusters(upgrades), rules)
	if err != nil {
		return err
	}
	outcome := preflight.CleanCopy(plan.Judge(upgrades, looks, f.acceptRecreation))
	err = f.out.each(cmd, func(w io.Writer, format string, o render.Options) error {
		switch format {
		case "json":
			return render.JSON(w, outcome)
		case "markdown":
			return render.PlanMarkdown(w, outcome, o)
		}
		return render.PlanTable(w, outcome, o)
	})
	if err != nil {
		return err
	}
	return f.out.exit(outcome.Verdict)
}

// looks checks the clusters side by side. The error is of what concerns them all.
func (f *planFlags) looks(cmd *cobra.Command, clusters []plan.Cluster, rules policy.Rules) (map[string]plan.Look, error) {
	looks := map[string]plan.Look{}
	if len(clusters) == 0 {
		return looks, nil
	}
	var st *store.Store
	if f.reports.where != "" {
		var err error
		if st, err = f.reports.open(cmd.Context()); err != nil {
			return nil, err
		}
		defer st.Close()
	}
	say := f.progress(cmd)
	defer say.clear()
	var mu sync.Mutex
	g, ctx := errgroup.WithContext(cmd.Context())
	g.SetLimit(f.parallel)
	for _, c := range clusters {
		g.Go(func() error {
			look, err := f.check(ctx, c, rules, st, say)
			mu.Lock()
			defer mu.Unlock()
			looks[c.String()] = look
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	return looks, cmd.Context().Err()
}

// applying is s seen by what applies the plan to it.
func applying(s *facts.Snapshot, c plan.Cluster) *facts.Snapshot {
	m := s.Meta
	m.UpgradeTimeoutSeconds, m.UpgradeTimeoutMostSeconds = int64(c.Timeout.Seconds()), int64(c.TimeoutMost.Seconds())
	m.PoolChanges, m.NodesAlone = c.Pools, !c.ControlPlane
	return preflight.AskFor(s.WithMeta(m), preflight.Ask{Pools: c.NodePools, Named: c.Upgraded})
}

// check looks at one cluster, and keeps its report unless st is nil. What goes wrong with
// the cluster is in the look; the error is of the place where reports are kept.
func (f *planFlags) check(ctx context.Context, c plan.Cluster, rules policy.Rules, st *store.Store, say *progress) (plan.Look, error) {
	s, err := f.lookAt(ctx, facts.Cluster{Project: c.Project, Location: c.Location, Name: c.Name}, c.Target, say)
	if err != nil {
		return plan.Look{Err: err}, nil
	}
	r, err := reportUnder(applying(s, c), rules)
	if err != nil {
		return plan.Look{Err: err}, nil
	}
	if st != nil {
		_, err = shelf.Keep(ctx, st, s.Meta.Cluster, r)
	}
	return plan.Look{Report: &r}, err
}
