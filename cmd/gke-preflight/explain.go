package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gke-preflight/gke-preflight/checks"
	"github.com/gke-preflight/gke-preflight/docs"
	"github.com/gke-preflight/gke-preflight/preflight/render"
)

func newExplain() *cobra.Command {
	return &cobra.Command{
		Use:   "explain TOPIC",
		Short: "Explain a check, a PostStartHook or an outcome, offline",
		Long: `Prints the manual's page on a check (GP101), a PostStartHook
(rbac/bootstrap-roles) or an outcome (crash-loop). A check's name
(webhook-not-answering) will do as well as its ID. Without a topic it lists them.`,
		Example: `  gke-preflight explain GP101
  gke-preflight explain rbac/bootstrap-roles
  gke-preflight explain crash-loop`,
		Args: cobra.MaximumNArgs(1),
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return docs.Topics(), cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				_, err := fmt.Fprintln(cmd.OutOrStdout(), strings.Join(docs.Topics(), "\n"))
				return err
			}
			page, ok := docs.Page(topic(args[0]))
			if !ok {
				return fmt.Errorf("there is no page on %q: gke-preflight explain lists the topics", args[0])
			}
			return render.Explain(cmd.OutOrStdout(), page, terminal(cmd.OutOrStdout()).options())
		},
	}
}

// topic turns the name of a check into its ID.
func topic(asked string) string {
	for _, c := range checks.All() {
		if c.Name == asked {
			return c.ID
		}
	}
	return asked
}
