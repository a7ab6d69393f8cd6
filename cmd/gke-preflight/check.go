package main

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/gke-preflight/gke-preflight/checks"
	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/forecast"
	"github.com/gke-preflight/gke-preflight/preflight/policy"
)

// checkFlags say what is checked, and under which policy.
type checkFlags struct {
	observeFlags
	policy    policyFlags
	recording string
	patience  time.Duration
	steps     stepsFlag
}

func (f *checkFlags) bind(cmd *cobra.Command) {
	f.observeFlags.bind(cmd)
	f.bindHelm(cmd.Flags())
	f.policy.bind(cmd)
	f.clock.bind(cmd.Flags())
	f.policy.bindChoice(cmd)
	cmd.Flags().DurationVar(&f.patience, "upgrade-timeout", 0, "how long the pipeline waits for the upgrade, such as 20m in Terraform's timeouts: warn if that is less than it takes")
	f.steps.bind(cmd, &f.recording)
	cmd.Flags().StringVar(&f.recording, "snapshot", "", "judge this recording instead of a live cluster")
}

// report looks, and judges what was seen.
func (f *checkFlags) report(cmd *cobra.Command) (preflight.Report, error) {
	if f.patience < 0 {
		return preflight.Report{}, fmt.Errorf("--upgrade-timeout: %v is no time to wait, such as 20m", f.patience)
	}
	if err := f.steps.validate(); err != nil {
		return preflight.Report{}, err
	}
	rules, err := f.policy.rules(cmd, &f.clock)
	if err != nil {
		return preflight.Report{}, err
	}
	s, err := f.snapshot(cmd, f.recording)
	if err != nil {
		return preflight.Report{}, err
	}
	for _, unmet := range rules.Unmet(s) {
		fmt.Fprintln(cmd.ErrOrStderr(), "gke-preflight: "+preflight.Clean(unmet))
	}
	ask, err := f.steps.of(s)
	if err != nil {
		return preflight.Report{}, err
	}
	if s, err = f.policy.since(waiting(s, f.patience, ask)); err != nil {
		return preflight.Report{}, err
	}
	if ask.Steps != nil {
		s = preflight.AskFor(s, ask)
	}
	r, err := reportUnder(s, rules)
	return repeating(cmd, f.recording, r), err
}

// waiting is s seen by a pipeline that waits so long for what the verdict is about; zero
// where that is not known.
func waiting(s *facts.Snapshot, patience time.Duration, a preflight.Ask) *facts.Snapshot {
	if patience <= 0 {
		return s
	}
	m, seconds := s.Meta, int64(patience.Seconds())
	if a.Steps == nil || slices.Contains(a.Steps, preflight.ControlPlaneStep) {
		m.UpgradeTimeoutSeconds = seconds
	}
	if slices.Contains(a.Steps, preflight.NodesStep) {
		for _, name := range preflight.PoolsOf(s) {
			if a.Pools == nil || slices.Contains(a.Pools, name) {
				m.PoolChanges = append(m.PoolChanges, facts.PoolChange{Name: name, TimeoutSeconds: seconds})
			}
		}
	}
	return s.WithMeta(m)
}

func newCheck() *cobra.Command {
	var f checkFlags
	var out outputFlags
	cmd := &cobra.Command{
		Use:   "check [RECORDING]",
		Short: "Foretell the upgrade, and say whether to go ahead",
		Long: `Reads the cluster, works out what the target version's kube-apiserver will write
while it starts, takes each write through the webhooks and policies that match,
asks the webhooks, and prints the verdict. Nothing in the cluster is changed: what
is sent beside reads are access reviews, AdmissionReviews marked as dry-run to
webhooks that declare that they heed it, and server-side dry-runs.

From outside the cluster webhooks are asked through the API server's service proxy,
which verifies no certificate. Those are looked at by a TLS handshake with each Pod
through a port-forward, where permitted; --port-forward never leaves that out.

--only and --skip take checks, families of them, as GP4, and namespace/NAME. What is
skipped is listed, and without a waiver for it nothing is called ready.

RECORDING is the same as --snapshot RECORDING.

The verdict is about the control plane, and the nodes' stands beside it: --steps nodes,
a node pool by its name, or all has the exit code follow that.

Exit codes: 0 ready; 1 could not run; 3 not ready; 4 inconclusive: there is no
blocker, but something that could hide one was not to be seen.`,
		Example: `  # The current kubeconfig context, to the version GKE would upgrade to next
  gke-preflight check

  # By name, with Application Default Credentials and no kubeconfig
  gke-preflight check --project my-project --location europe-west1 --cluster prod --target-version 1.36

  # For people on the screen and for machines in a file
  gke-preflight check -o table -o json=report.json

  # A recording, without a cluster
  gke-preflight check --snapshot prod.zip

  # Without the checks of a family, and without what is found in a namespace
  gke-preflight check --skip GP4,namespace/sandbox

  # Before the upgrade of one node pool
  gke-preflight check --steps default-pool

  # Between two node pools: exit 3 where a controller has fewer ready Pods than before,
  # on whichever pool
  gke-preflight snapshot --file before.zip
  gke-preflight check --baseline before.zip

  # With waivers, and without what stood in an earlier report
  gke-preflight check --policy policy.yaml --baseline last.json --fail-on-new

  # As a step before an upgrade
  gke-preflight check --target-version 1.36.3-gke.1104000 && gcloud container clusters upgrade prod --master --cluster-version 1.36.3-gke.1104000`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := errors.Join(out.validate(), f.recordingGiven(args)); err != nil {
				return err
			}
			r, err := f.report(cmd)
			if err != nil {
				return err
			}
			return out.write(cmd, r)
		},
	}
	f.bind(cmd)
	out.bind(cmd)
	return cmd
}

// snapshot looks at the cluster, or reads a recording of one.
func (o *observeFlags) snapshot(cmd *cobra.Command, file string) (*facts.Snapshot, error) {
	if file != "" {
		return o.recording(cmd, file)
	}
	if err := named(cmd, "snapshot"); err != nil {
		return nil, err
	}
	return o.observe(cmd)
}

// report is the pure part: equal snapshots give equal reports. What was seen may be
// as old as maxAge; zero is any age.
func report(s *facts.Snapshot, maxAge time.Duration) preflight.Report {
	return policy.Apply(s, preflight.Run(s, checks.All()), forecast.Of(s), policy.Rules{MaxAge: maxAge})
}
