package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gke-preflight/gke-preflight/gke/push"
	"github.com/gke-preflight/gke-preflight/gke/shelf"
	"github.com/gke-preflight/gke-preflight/gke/store"
	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/policy"
	"github.com/gke-preflight/gke-preflight/preflight/render"
)

// nightlyFlags say what comes of a check that runs every night.
type nightlyFlags struct {
	observeFlags
	out         outputFlags
	policy      policyFlags
	reports     keepFlags
	notify      notifyFlags
	recording   string
	keep        int
	pushMetrics string
}

func newNightly() *cobra.Command {
	var n nightlyFlags
	n.orRunning = true
	cmd := &cobra.Command{
		Use:   "nightly --reports WHERE",
		Short: "Check as a job that runs every night: keep the report, and tell what changed",
		Long: `Checks the cluster as check does, keeps the report, and prints what it says that
the one before it did not: the verdict, findings that are new, worse or gone, and
what could not be looked at any more. Reports are kept by cluster and time; of each
cluster the newest --keep stay, and nothing else is deleted there.

Without --target-version it is for the version that GKE would upgrade to next, or if
there is none for the one that runs: a replica that is replaced starts with that.

--push-metrics hands the metrics to a Pushgateway. --notify tells of a change, and
only of a change; in the first night, of a cluster that is not ready. Where that
fails the report is kept all the same, and the next run tells of the change, if it is
still there. The URL of a chat's webhook is a secret: it stands in no message, and is
read from a file or from $` + notifyVariable + `.

Exit codes: 0 ready; 3 not ready; 4 inconclusive; 1 if there could be no report, or
if it could not be kept, pushed or notified, whatever the verdict. A Job that has
reached a verdict has not failed: give it --exit-zero.`,
		Example: `  # On this machine, to see what it does
  gke-preflight nightly --reports reports --keep 30

  # As the manifests of the manual call it, in a Pod of the cluster
  gke-preflight nightly --in-cluster --project my-project --location europe-west1 --cluster prod --reports reports --exit-zero -o table

  # To a chat, by a webhook whose URL is in a file
  gke-preflight nightly --reports reports --notify slack --notify-url-file slack-url.txt`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return n.run(cmd) },
	}
	n.observeFlags.bind(cmd)
	n.bindHelm(cmd.Flags())
	n.out.bind(cmd)
	n.out.formats = nil
	impersonate := cmd.Flags().Lookup("impersonate")
	impersonate.DefValue, n.impersonate = "never", "never"
	impersonate.Usage += "; a job that nobody watches does so only if it is told to"
	output := cmd.Flags().Lookup("output")
	output.DefValue, output.Usage = "", "write the whole report, too: FORMAT=FILE, or table or wide to standard output, below what changed; FORMAT is "+strings.Join(formats(), ", ")
	n.policy.bindAccepted(cmd)
	n.clock.bind(cmd.Flags())
	n.reports.bind(cmd)
	n.notify.bind(cmd)
	fs := cmd.Flags()
	fs.BoolVar(&n.gke.InCluster, "in-cluster", false, "reach the API server by the Pod's own service account, also where --project, --location and --cluster are given")
	fs.StringVar(&n.recording, "snapshot", "", "judge this recording instead of a live cluster")
	fs.IntVar(&n.keep, "keep", 30, "how many reports of this cluster to keep, this one among them; older ones are deleted")
	fs.StringVar(&n.pushMetrics, "push-metrics", "", "URL of a Prometheus Pushgateway that gets the metrics of -o prometheus, by cluster")
	cmd.MarkFlagsMutuallyExclusive("in-cluster", "kubeconfig")
	cmd.MarkFlagsMutuallyExclusive("in-cluster", "context")
	return cmd
}

func (n *nightlyFlags) validate() error {
	if err := n.out.validate(); err != nil {
		return err
	}
	for _, f := range n.out.formats {
		if f != "table" && f != "wide" && !strings.Contains(f, "=") {
			return fmt.Errorf("--output %s: standard output says what changed; give the report a file, such as %s=FILE", f, f)
		}
	}
	if n.keep < 2 {
		return fmt.Errorf("--keep %d: keep at least 2 reports, for the next run is compared with this one's", n.keep)
	}
	if n.pushMetrics != "" {
		if err := push.Valid(n.pushMetrics); err != nil {
			return fmt.Errorf("--push-metrics: %w", err)
		}
	}
	return nil
}

func (n *nightlyFlags) run(cmd *cobra.Command) error {
	if err := n.validate(); err != nil {
		return err
	}
	tell, err := n.notify.open()
	if err != nil {
		return err
	}
	rules, err := n.policy.rules(cmd, &n.clock)
	if err != nil {
		return err
	}
	st, err := n.reports.open(cmd.Context())
	if err != nil {
		return err
	}
	defer st.Close()
	s, err := n.snapshot(cmd, n.recording)
	if err != nil {
		return err
	}
	night, err := n.judge(cmd, st, s, rules)
	if err != nil {
		return err
	}
	out := cmd.OutOrStdout()
	if err := render.Change(out, night.Report, night.Change, terminal(out).options()); err != nil {
		return err
	}
	fmt.Fprintf(out, "The report is kept as %s.\n", night.Place())
	if n.out.toStdout() {
		fmt.Fprintln(out)
	}
	verdict := n.out.write(cmd, night.Report)
	var failed []error
	var code exitCode
	if verdict != nil && !errors.As(verdict, &code) {
		failed = append(failed, verdict)
	}
	failed = append(failed, n.push(cmd.Context(), night.Report), night.Tell(cmd.Context(), tell), night.Prune(cmd.Context(), n.keep))
	if err := errors.Join(failed...); err != nil {
		return err
	}
	return verdict
}

// judge makes the report, beside that of the last night that was told of, and keeps it.
func (n *nightlyFlags) judge(cmd *cobra.Command, st *store.Store, s *facts.Snapshot, rules policy.Rules) (*shelf.Night, error) {
	ctx, c := cmd.Context(), s.Meta.Cluster
	on := shelf.Of(c)
	last, err := shelf.LastTold(ctx, st, on, on.Key(s.Meta.CollectedAt), cmd.ErrOrStderr())
	if err != nil {
		return nil, err
	}
	rules.Baseline = last
	r, err := reportUnder(s, rules)
	if err != nil {
		return nil, err
	}
	return shelf.NewNight(ctx, st, c, last, repeating(cmd, n.recording, r))
}

func (n *nightlyFlags) push(ctx context.Context, r preflight.Report) error {
	if n.pushMetrics == "" {
		return nil
	}
	var b bytes.Buffer
	if err := render.Prometheus(&b, r); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, shelf.TellTimeout)
	defer cancel()
	if err := push.Put(ctx, n.pushMetrics, &b); err != nil {
		return fmt.Errorf("--push-metrics: %w", err)
	}
	return nil
}

// toStdout reports whether a format is written to standard output.
func (o outputFlags) toStdout() bool {
	return slices.ContainsFunc(o.formats, func(f string) bool { return !strings.Contains(f, "=") })
}
