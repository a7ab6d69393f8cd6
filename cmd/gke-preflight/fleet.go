package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"

	"github.com/spf13/cobra"

	"github.com/gke-preflight/gke-preflight/gke/shelf"
	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/fleet"
	"github.com/gke-preflight/gke-preflight/preflight/policy"
	"github.com/gke-preflight/gke-preflight/preflight/render"
)

// fleetFlags say how the clusters of a fleet are checked.
type fleetFlags struct {
	severalFlags
	sources  fleetSources
	shards   shardFlags
	out      outputFlags
	policy   policyFlags
	reports  keepFlags
	parallel int
}

func newFleet() *cobra.Command {
	var f fleetFlags
	cmd := &cobra.Command{
		Use:   "fleet",
		Short: "Check all clusters of projects, of a folder or of a list",
		Long: `Checks each cluster as check does, several at a time, and adds up: by culprit, so that
one bad policy in three hundred clusters is one line, and by cluster. A cluster that
can't be looked at is a row that says why, and hides no other; zones that did not answer
and projects that can't be listed are named.

With --reports each cluster's report is kept as soon as it is there, as JSON and as a
page, and runs/RUN/index.html leads to them. A run of the same name goes on where it was
stopped, if it asks the same. Several workers share a run by --shard, by
JOB_COMPLETION_INDEX and --shards in an Indexed Job of Kubernetes, or by the variables of
a Cloud Run job; fleet report adds up what they kept.

Exit codes: the worst of the clusters': 0 ready; 1 could not run; 3 not ready; 4
inconclusive, or something could not be looked at.`,
		Example: `  # All clusters of two projects, to what GKE would upgrade each to next
  gke-preflight fleet --projects my-project,other-project

  # A list, kept, with an index to look at
  gke-preflight fleet --clusters clusters.txt --reports reports --run monday -o table -o html=index.html

  # A quarter of a folder; the other workers do the rest, and one command adds it up
  gke-preflight fleet --folder 123456789012 --reports reports --run tuesday-0 --shard 0/4
  gke-preflight fleet report --reports reports --run tuesday-0`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd) },
	}
	f.bind(cmd)
	cmd.Flags().Lookup("target-version").Hidden = false
	f.bindHelm(cmd.Flags())
	f.orRunning = true
	f.sources.bind(cmd, &f.gke)
	f.shards.bind(cmd)
	f.out.bindFormats(cmd, "table", "html", "json")
	f.policy.bindAccepted(cmd)
	f.clock.bind(cmd.Flags())
	f.reports.bind(cmd)
	cmd.Flags().IntVar(&f.parallel, "parallel", 8, "how many clusters are looked at at the same time")
	cmd.AddCommand(newFleetReport())
	return cmd
}

func (f *fleetFlags) run(cmd *cobra.Command) error {
	if err := errors.Join(f.out.validate(), f.refuse(cmd), f.sources.validate(f.recordings)); err != nil {
		return err
	}
	if f.parallel < 1 {
		return fmt.Errorf("--parallel %d: at least one cluster is looked at at a time", f.parallel)
	}
	shard, run, err := f.shards.read(f.reports.where)
	if err != nil {
		return err
	}
	rules, err := f.policy.rules(cmd, &f.clock)
	if err != nil {
		return err
	}
	book, err := f.open(cmd.Context(), run)
	if err != nil {
		return err
	}
	defer book.Close()
	plan, err := f.sources.plan(cmd, f.gke, f.recordings, shard)
	if err != nil {
		return err
	}
	if plan.Question, err = f.question(); err != nil {
		return err
	}
	if err := book.Begin(cmd.Context(), plan); err != nil {
		return err
	}
	rows, err := f.look(cmd, book, plan.Clusters, rules)
	if err != nil {
		return err
	}
	return f.out.fleet(cmd, book, fleet.Merge(rows, plan.Gaps), shard.Of <= 1)
}

// question says what is asked of each cluster, as far as flags decide it.
func (f *fleetFlags) question() (string, error) {
	h := sha256.New()
	fmt.Fprintf(h, "%q %q %v %t\n", f.policy.accept, f.clock.asOf.String(), f.clock.maxAge, f.helm)
	if f.policy.file != "" && f.policy.file != "-" {
		b, err := os.ReadFile(f.policy.file)
		if err != nil {
			return "", fmt.Errorf("policy: %w", err)
		}
		h.Write(b)
	}
	return fmt.Sprintf("--target-version %q, rules %.6x, version %s", f.target, h.Sum(nil), toolVersion()), nil
}

// open opens the book of a run; one that keeps nothing where reports are not kept.
func (f *fleetFlags) open(ctx context.Context, run string) (*shelf.Book, error) {
	if f.reports.where == "" {
		return shelf.NewBook(nil, run), nil
	}
	st, err := f.reports.open(ctx)
	return shelf.NewBook(st, run), err
}

// look checks the clusters side by side and returns their rows, those of the run that
// are finished already among them.
func (f *fleetFlags) look(cmd *cobra.Command, book *shelf.Book, names []fleet.Name, rules policy.Rules) ([]fleet.Row, error) {
	tell := newTally(cmd.ErrOrStderr(), len(names))
	defer tell.clear()
	rows := make([]fleet.Row, len(names))
	var mu sync.Mutex
	var failed error
	var wg sync.WaitGroup
	slots := make(chan struct{}, f.parallel)
	ctx, cancel := context.WithCancel(cmd.Context())
	defer cancel()
	for i, n := range names {
		slots <- struct{}{}
		if ctx.Err() != nil {
			break
		}
		wg.Go(func() {
			defer func() { <-slots }()
			row, kept, err := f.row(ctx, book, n, rules)
			mu.Lock()
			defer mu.Unlock()
			if rows[i] = row; err != nil {
				failed = errors.Join(failed, err)
				cancel()
				return
			}
			// One whose look was cut short is not finished, and its row is not kept.
			if ctx.Err() == nil {
				tell.finished(row, kept)
			}
		})
	}
	wg.Wait()
	return rows, errors.Join(failed, cmd.Context().Err())
}

// row checks one cluster, unless the run has its row already. What goes wrong with the
// cluster is in the row; the error is of the place where rows are kept.
func (f *fleetFlags) row(ctx context.Context, book *shelf.Book, n fleet.Name, rules policy.Rules) (row fleet.Row, kept bool, err error) {
	if row, kept, err = book.Row(ctx, n); kept || err != nil {
		return row, kept, err
	}
	var r preflight.Report
	s, err := f.lookAt(ctx, facts.Cluster{Project: n.Project, Location: n.Location, Name: n.Cluster}, f.target, &progress{})
	if err == nil {
		r, err = reportUnder(s, rules)
	}
	if err != nil {
		row, err = book.Keep(ctx, fleet.Failed(n, err), nil)
		return row, false, err
	}
	row, err = book.Keep(ctx, fleet.RowOf(n, r), &r)
	return row, false, err
}

func newFleetReport() *cobra.Command {
	var out outputFlags
	var reports keepFlags
	var run string
	cmd := &cobra.Command{
		Use:   "report --reports WHERE --run RUN",
		Short: "Add up what the workers of a fleet's run kept",
		Long: `Reads what fleet --run RUN kept, and shows it as fleet does, no cluster being asked.
Clusters that a worker did not get to, and workers that have not begun, are named, and
the verdict is inconclusive then. runs/RUN/index.html is written anew.

Exit codes are those of fleet.`,
		Example: `  gke-preflight fleet report --reports reports --run tuesday
  gke-preflight fleet report --reports reports --run tuesday -o json=fleet.json -o html=index.html`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := out.validate(); err != nil {
				return err
			}
			if reports.where == "" || run == "" {
				return errors.New("--reports and --run: both are needed to find what was kept")
			}
			if err := shelf.ValidRun(run); err != nil {
				return err
			}
			st, err := reports.open(cmd.Context())
			if err != nil {
				return err
			}
			book := shelf.NewBook(st, run)
			defer book.Close()
			rows, gaps, err := book.Read(cmd.Context())
			if err != nil {
				return err
			}
			return out.fleet(cmd, book, fleet.Merge(rows, gaps), true)
		},
	}
	out.bindFormats(cmd, "table", "html", "json")
	reports.bind(cmd)
	cmd.Flags().StringVar(&run, "run", "", "the run to add up")
	return cmd
}

// fleet writes the report in every format asked for and, if it is of the whole run,
// its index. It returns the verdict as an exit code.
func (o outputFlags) fleet(cmd *cobra.Command, book *shelf.Book, r fleet.Report, whole bool) error {
	if whole {
		if err := book.Index(cmd.Context(), r); err != nil {
			return err
		}
	}
	err := o.each(cmd, func(w io.Writer, format string, options render.Options) error {
		switch format {
		case "json":
			return render.JSON(w, r)
		case "html":
			return render.FleetHTML(w, r, false)
		}
		return render.FleetTable(w, r, options)
	})
	if err != nil {
		return err
	}
	return o.exit(r.Verdict)
}

// A tally tells of the clusters that are finished: on a line of its own each, or on
// one that changes where somebody watches.
type tally struct {
	*progress
	w           io.Writer
	done, total int
}

func newTally(w io.Writer, total int) *tally {
	return &tally{progress: newProgress(w), w: w, total: total}
}

// finished tells of a cluster; kept says that an earlier try had finished it.
func (t *tally) finished(r fleet.Row, kept bool) {
	t.done++
	note := ""
	if kept {
		note = " (kept)"
	}
	if t.progress.w != nil {
		t.say("%d of %d clusters, %s: %s%s", t.done, t.total, r.Name, r.Verdict, note)
		return
	}
	fmt.Fprintf(t.w, "%d/%d %s: %s%s\n", t.done, t.total, r.Name, r.Verdict, note)
}
