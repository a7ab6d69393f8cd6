package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/testdata/recorded"
)

func newDemo() *cobra.Command {
	var out outputFlags
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Show the verdict on a recording of the incident",
		Long: `Judges a recording that this program carries: a real control plane with Open
Policy Agent as a webhook on everything, failing closed, and frozen. It needs no
cluster, and exits 0 whatever the verdict.`,
		Example: `  gke-preflight demo
  gke-preflight demo -o json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			out.exitZero = true
			if err := out.validate(); err != nil {
				return err
			}
			s, err := facts.LoadZip(recorded.Incident)
			if err != nil {
				return err
			}
			r := report(s, 0)
			if err := out.write(cmd, r); err != nil {
				return err
			}
			fmt.Fprintf(cmd.ErrOrStderr(), "\nOn a live cluster gke-preflight check would have exited %d (%s): 0 is ready, 1 could not run, 3 not ready, 4 inconclusive.\n",
				r.Verdict.ExitCode(), r.Verdict)
			return nil
		},
	}
	out.bind(cmd)
	hide(cmd.Flags(), "exit-zero")
	return cmd
}
