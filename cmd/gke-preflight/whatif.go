package main

import (
	"github.com/spf13/cobra"

	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/render"
	"github.com/gke-preflight/gke-preflight/preflight/whatif"
)

// whatIfFlags say where to search.
type whatIfFlags struct {
	observe   observeFlags
	recording string
	format    string
	exitZero  bool
}

func newWhatIf() *cobra.Command {
	var f whatIfFlags
	cmd := &cobra.Command{
		Use:   "whatif",
		Short: "Search for the smallest events that would make the upgrade fail",
		Long: `Looks at the cluster as check does. Then it searches a model of what may happen
for the smallest sets of events that turn today's state into a crash-loop: a pod, a
node or a zone is lost, a node pool is upgraded with its own settings, a certificate
expires before the maintenance window ends. Each is shown as the steps that lead
there. Nothing is done to the cluster.

gke-preflight explain whatif says what is in the model, and what is not.

Exit codes: 0 no single event is enough; 1 could not run; 3 one event is enough, or
none is needed; 4 none was found, and something could not be looked at.`,
		Example: `  gke-preflight whatif --target-version 1.36
  gke-preflight whatif --snapshot prod.zip
  gke-preflight whatif --snapshot prod.zip -o json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd) },
	}
	f.observe.bind(cmd)
	f.observe.clock.bind(cmd.Flags())
	fs := cmd.Flags()
	fs.StringVar(&f.recording, "snapshot", "", "search this recording instead of what a live cluster shows")
	choose(cmd, &f.format, "output", "o", "table", "format: table or json", "table", "json")
	fs.BoolVar(&f.exitZero, "exit-zero", false, "exit 0 whatever the verdict")
	return cmd
}

func (f *whatIfFlags) run(cmd *cobra.Command) error {
	if err := f.observe.clock.validate(); err != nil {
		return err
	}
	s, err := f.observe.snapshot(cmd, f.recording)
	if err != nil {
		return err
	}
	r := preflight.CleanCopy(whatif.Of(s).Within(f.observe.clock.maxAge))
	out := cmd.OutOrStdout()
	if f.format == "json" {
		err = render.JSON(out, r)
	} else {
		err = render.WhatIf(out, r, terminal(out).options())
	}
	if err != nil || f.exitZero {
		return err
	}
	switch r.Verdict {
	case whatif.Endangered:
		return exitCode(preflight.ExitNotReady)
	case whatif.Undecided:
		return exitCode(preflight.ExitInconclusive)
	case whatif.Robust, whatif.Tolerant, whatif.Exposed:
	}
	return nil
}
