package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/gke-preflight/gke-preflight/gke"
	"github.com/gke-preflight/gke-preflight/gke/kube"
	"github.com/gke-preflight/gke-preflight/gke/poll"
	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/version"
	"github.com/gke-preflight/gke-preflight/preflight/watch"
)

// watchFlags say what to follow, and what to hold it against.
type watchFlags struct {
	observe                    observeFlags
	options                    watch.Options
	every                      time.Duration
	report, recording          string
	recordTo, replayed, format string
}

func newWatch() *cobra.Command {
	var f watchFlags
	cmd := &cobra.Command{
		Use:   "watch",
		Short: "Follow a running upgrade, and say early which foretold chain has begun",
		Long: `Follows an upgrade of the control plane or of a node pool while it runs. It looks
at the GKE API's operation, at the API servers over a new connection each time (so
that each of those behind the load balancer is met), at the leases by which they
make themselves known, at failed calls to webhooks, and at nodes: whether they
renew their leases, are ready, or are being repaired. What it sees is held against
the forecast, which comes from a look at the cluster at the start, or from --report.
When something foretold begins, it says so: the hook, the webhook, what its backend
does, and the command that ends it. It changes nothing.

It ends with the operation. Where no GKE API tells of one, it ends when the target
version, and nothing else, serves in 15 visits in a row.

Exit codes: 0 the upgrade ended well; 1 could not run; 3 it failed, or a foretold
chain had begun when the watch was ended; 4 how it ended was not to be seen.`,
		Example: `  # The upgrade that runs now, or that begins within ten minutes
  gke-preflight watch --context gke_my-project_europe-west1_prod --for 10m

  # Hold it against the check that was made before
  gke-preflight check --target-version 1.36 -o json=report.json
  gke-preflight watch --report report.json

  # For programs, and to be looked at again later
  gke-preflight watch -o json --record upgrade.jsonl
  gke-preflight watch --replay upgrade.jsonl`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd) },
	}
	f.bind(cmd)
	return cmd
}

func (f *watchFlags) bind(cmd *cobra.Command) {
	f.observe.bind(cmd)
	fs := cmd.Flags()
	timeout := fs.Lookup("timeout")
	timeout.Usage, timeout.DefValue = "how long to watch at most", "3h0m0s"
	f.observe.timeout = 3 * time.Hour
	f.observe.clock.bindAsOf(fs, "judge the recording of --snapshot as of this time, such as 2026-12-31; default: now")
	fs.StringVar(&f.options.Operation, "operation", "", "ID of the operation to follow; default: the upgrade that runs")
	fs.DurationVar(&f.options.For, "for", 2*time.Minute, "how long to wait for an upgrade to begin, where none runs")
	fs.DurationVar(&f.every, "every", 2*time.Second, "time from one visit of the API server to the next; the rest is looked at five times as seldom")
	fs.StringVar(&f.report, "report", "", "hold it against this report of an earlier check (check -o json=FILE) instead of a look at the start")
	fs.StringVar(&f.recording, "snapshot", "", "hold it against this recording instead of a look at the start")
	fs.StringVar(&f.recordTo, "record", "", "write what is seen to this file, for --replay")
	fs.StringVar(&f.replayed, "replay", "", "watch what --record has written, without a cluster")
	choose(cmd, &f.format, "output", "o", "text", "format: text, or json for one object a line", "text", "json")
	cmd.MarkFlagsMutuallyExclusive("report", "snapshot")
	cmd.MarkFlagsMutuallyExclusive("record", "replay")
}

func (f *watchFlags) run(cmd *cobra.Command) error {
	if err := f.validate(); err != nil {
		return err
	}
	given, err := f.foretold()
	if err != nil {
		return err
	}
	if _, err := version.Parse(f.observe.target); err == nil {
		f.options.Target = f.observe.target
	}
	out := &watcher{watch: watch.New(f.options), w: cmd.OutOrStdout(), json: f.format == "json", ascii: !terminal(cmd.OutOrStdout()).utf8}
	if f.replayed != "" {
		err = f.replay(cmd, out, given)
	} else {
		err = f.live(cmd.Context(), out, given)
	}
	if err = errors.Join(err, out.err); err != nil {
		return err
	}
	if code := out.watch.Outcome().ExitCode(); code != preflight.ExitReady {
		return exitCode(code)
	}
	return nil
}

func (f *watchFlags) validate() error {
	if f.every < 100*time.Millisecond {
		return fmt.Errorf("--every: %v is too often: pass 100ms or more, such as 2s", f.every)
	}
	if f.options.For < 0 {
		return fmt.Errorf("--for: %v is not a time to wait", f.options.For)
	}
	if f.observe.timeout <= 0 {
		return fmt.Errorf("--timeout: %v is not a time to wait", f.observe.timeout)
	}
	if f.options.Operation != "" && f.observe.gke.NoGKE {
		return errors.New("--operation names one of the GKE API, which --no-gke leaves out: drop one of the two")
	}
	return nil
}

// foretold is the forecast that the flags name; nil if they name none.
func (f *watchFlags) foretold() (*preflight.Report, error) {
	if f.recording != "" {
		s, err := load(f.recording)
		if err == nil {
			s, err = f.observe.clock.judged(s)
		}
		if err == nil && f.observe.target != "" {
			s, err = aim(s, f.observe.target)
		}
		if err != nil {
			return nil, err
		}
		r := report(s, 0)
		return &r, nil
	}
	if f.report == "" {
		return nil, nil
	}
	b, err := os.ReadFile(f.report)
	if err != nil {
		return nil, fmt.Errorf("--report: %w", err)
	}
	var r preflight.Report
	if err := json.Unmarshal(b, &r); err != nil || r.Schema != preflight.ReportSchema {
		err := fmt.Errorf("it is no report: write one with gke-preflight check -o json=%s", f.report)
		return nil, fmt.Errorf("--report %s: %w", f.report, otherThan(f.report, b, err))
	}
	return &r, nil
}

func (f *watchFlags) live(ctx context.Context, out *watcher, given *preflight.Report) error {
	var conn *gke.Connection
	err := f.observe.inTime(ctx, func(ctx context.Context) (err error) {
		conn, err = f.observe.connect(ctx)
		return err
	})
	if err != nil {
		return err
	}
	defer conn.Close()
	if f.recordTo != "" {
		file, err := createRecording(f.recordTo)
		if err != nil {
			return fmt.Errorf("--record: %w", err)
		}
		defer file.Close()
		out.record = file
	}
	out.see(watch.Observation{At: time.Now().UTC(), Source: watch.Begun, Options: &f.options})
	bounded, cancel := context.WithTimeout(ctx, f.observe.timeout)
	defer cancel()
	sources, err := f.sources(conn, given)
	if err != nil {
		return err
	}
	poll.Run(bounded, sources, func(o watch.Observation) {
		out.see(o)
		if out.watch.Outcome() != "" || out.err != nil {
			cancel()
		}
	})
	why := fmt.Sprintf("the time of --timeout, %s, is over", f.observe.timeout)
	if ctx.Err() != nil {
		why = "the watch was interrupted"
	}
	out.stop(time.Now().UTC(), why)
	return nil
}

// sources are what is looked at. Each look is bounded by what a server that works
// needs, so that one that hangs is told as such soon.
func (f *watchFlags) sources(conn *gke.Connection, given *preflight.Report) ([]poll.Source, error) {
	v, err := kube.NewVisitor(conn.Kubernetes, kube.Options{Version: toolVersion()})
	if err != nil {
		return nil, err
	}
	slow, visits := 5*f.every, 0
	all := []poll.Source{
		{Name: watch.API, Every: f.every, Timeout: max(5*time.Second, f.every), Look: func(ctx context.Context, o *watch.Observation) error {
			visit, err := v.Visit(ctx, visits%3 == 0)
			visits++
			o.Visit = &visit
			return err
		}},
		{Name: watch.Leases, Every: f.every, Timeout: 10 * time.Second, Look: func(ctx context.Context, o *watch.Observation) (err error) {
			o.Leases, err = v.Leases(ctx)
			return err
		}},
		{Name: watch.Nodes, Every: slow, Timeout: 30 * time.Second, Look: func(ctx context.Context, o *watch.Observation) error {
			nodes, err := v.Nodes(ctx)
			o.Nodes = &nodes
			return err
		}},
		{Name: watch.Forecast, Every: time.Minute, Timeout: 5 * time.Minute, Once: true, Look: func(ctx context.Context, o *watch.Observation) error {
			o.Report = given
			if given != nil {
				return nil
			}
			s, err := f.look(ctx)
			o.Report = s
			return err
		}},
	}
	switch why := conn.Google.Left().String(); {
	case why == "":
		all = append(all, poll.Source{Name: watch.Operations, Every: slow, Timeout: 20 * time.Second, Look: func(ctx context.Context, o *watch.Observation) (err error) {
			o.Operations, err = conn.Google.Operations(ctx)
			return err
		}})
	case !f.observe.gke.NoGKE:
		all = append(all, poll.Source{Name: watch.Operations, Every: time.Minute, Timeout: time.Second, Look: func(context.Context, *watch.Observation) error { return errors.New(why) }})
	}
	return all, nil
}

// look foretells what the upgrade will do from here on.
func (f *watchFlags) look(ctx context.Context) (*preflight.Report, error) {
	o := f.observe
	o.orRunning = true
	s, err := o.look(ctx, newProgress(io.Discard))
	if err != nil {
		return nil, err
	}
	r := report(s, 0)
	return &r, nil
}
