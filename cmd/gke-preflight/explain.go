package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gke-preflight/gke-preflight/checks"
	"github.com/gke-preflight/gke-preflight/docs"
	"github.com/gke-preflight/gke-preflight/preflight/addons"
	"github.com/gke-preflight/gke-preflight/preflight/policy"
	"github.com/gke-preflight/gke-preflight/preflight/render"
)

func newExplain() *cobra.Command {
	var p policyFlags
	var clock clockFlags
	var format string
	cmd := &cobra.Command{
		Use:   "explain [TOPIC]",
		Short: "Explain a check, a PostStartHook or an outcome, offline",
		Long: `Prints the manual's page on a check (GP101, or by its name:
webhook-not-answering), a PostStartHook (rbac/bootstrap-roles), an outcome
(crash-loop), an add-on that endangers upgrades (kyverno) or a guide (first-check).
Without a topic it prints what there is. Of the map of add-ons, and of each on it, -o json
prints the rows.
After a check's page stand the thresholds that a policy file moves.`,
		Example: `  gke-preflight explain
  gke-preflight explain GP101
  gke-preflight explain webhook-not-answering
  gke-preflight explain rbac/bootstrap-roles
  gke-preflight explain crash-loop
  gke-preflight explain map
  gke-preflight explain GP304 --policy policy.yaml`,
		Args: cobra.MaximumNArgs(1),
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return docs.Topics(), cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			asked := "manual"
			if len(args) > 0 {
				asked = args[0]
			}
			if format == "json" {
				return explainJSON(cmd.OutOrStdout(), asked)
			}
			page, ok := docs.Page(topic(asked))
			if !ok {
				page, ok = unpaged(asked)
			}
			if !ok {
				return fmt.Errorf("there is no page on %q: %sgke-preflight explain lists the topics", asked, suggestion(asked))
			}
			rules, err := p.rules(cmd, &clock)
			if err != nil {
				return err
			}
			return render.Explain(cmd.OutOrStdout(), page+render.Moved(rules.Policy, topic(asked)), terminal(cmd.OutOrStdout()).options())
		},
	}
	p.bindFile(cmd)
	choose(cmd, &format, "output", "o", "text", "format: text, or json for the rows of the map of add-ons", "text", "json")
	return cmd
}

// unpaged tells of an add-on that has no page of its own, since nothing endangers an
// upgrade by it; false if it is none.
func unpaged(asked string) (string, bool) {
	a, ok := addons.Find(strings.ToLower(asked))
	switch {
	case !ok:
		return "", false
	case a.Installs == nil:
		return fmt.Sprintf("# %s\n\nIt is not on the map of add-ons: it was not looked at what it registers.\n`gke-preflight explain addons` has what its makers say of its releases.\n", a.Title), true
	}
	return fmt.Sprintf("# %s\n\nOn the map of add-ons it is clear, in each way to have it that was judged:\nwhile its backend is down no step of an upgrade is lost. `gke-preflight explain map`\nhas its rows.\n", a.Title), true
}

// explainJSON writes the map, or the rows of one add-on.
func explainJSON(w io.Writer, topic string) error {
	if topic == "map" {
		_, err := w.Write(addons.JSON())
		return err
	}
	var rows []addons.Row
	for _, r := range addons.Rows() {
		if r.Addon == strings.ToLower(topic) {
			rows = append(rows, r)
		}
	}
	if rows == nil {
		return fmt.Errorf("--output json: only the map of add-ons and those on it have rows: gke-preflight explain map -o json")
	}
	out := json.NewEncoder(w)
	out.SetIndent("", "  ")
	return out.Encode(rows)
}

// topic turns the name of a check into its ID.
func topic(asked string) string {
	for _, c := range append(checks.All(), policy.Own()...) {
		if strings.EqualFold(c.Name, asked) {
			return c.ID
		}
	}
	return asked
}

// suggestion names up to three topics that may have been meant, or none.
func suggestion(asked string) string {
	names := docs.Topics()
	for _, c := range checks.All() {
		names = append(names, c.Name)
	}
	if near := nearest(asked, names); near != nil {
		return "did you mean " + strings.Join(near, ", ") + "? "
	}
	return ""
}
