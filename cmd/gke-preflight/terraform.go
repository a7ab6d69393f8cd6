package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/gke-preflight/gke-preflight/preflight/render"
)

func newTerraform() *cobra.Command {
	var f checkFlags
	cmd := &cobra.Command{
		Use:   "terraform",
		Short: "Check as the program of Terraform's external data source",
		Long: `Speaks the protocol of Terraform's external data source: reads one JSON object of
strings from standard input, checks as check does, and prints one flat JSON object of
strings: verdict; ready, which is "true" or "false"; outcome, cluster, version,
target_version, blockers, warnings, undecided, waived; summary, for an error_message;
and the whole report in json.

The query's keys are the flags of check, with _ or - between words: project, location,
cluster, target_version, upgrade_timeout, policy, snapshot and so on. Flags may be given
as well; a key of the query that is empty or null counts as not given.

Exit codes: 0 whenever there is a verdict, whatever it is, so that a precondition can
tell it; 1 if there is none, with the reason on standard error.`,
		Example: `  echo '{"project": "my-project", "location": "europe-west1", "cluster": "prod", "target_version": "1.36"}' | gke-preflight terraform
  echo '{"snapshot": "prod.zip"}' | gke-preflight terraform`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := setByQuery(cmd.Flags(), cmd.InOrStdin()); err != nil {
				return fmt.Errorf("the query on standard input: %w", err)
			}
			r, err := f.report(cmd)
			if err != nil {
				return err
			}
			return render.Terraform(cmd.OutOrStdout(), r)
		},
	}
	f.bind(cmd)
	return cmd
}

// maxQuery is far more than a query's flags take.
const maxQuery = 1 << 20

// setByQuery sets the flags that the query of an external data source names.
func setByQuery(fs *pflag.FlagSet, in io.Reader) error {
	b, err := io.ReadAll(io.LimitReader(in, maxQuery))
	if err != nil {
		return err
	}
	var query map[string]*string
	if err := json.Unmarshal(b, &query); err != nil {
		return fmt.Errorf(`one JSON object of strings is expected, such as {"target_version": "1.36"}: %w`, err)
	}
	var failed []error
	for _, key := range slices.Sorted(maps.Keys(query)) {
		value := query[key]
		flag := fs.Lookup(strings.ReplaceAll(key, "_", "-"))
		switch {
		case flag == nil || flag.Hidden || flag.Name == "help":
			failed = append(failed, fmt.Errorf("%q is no key; there are %s", key, strings.Join(queryKeys(fs), ", ")))
		case value == nil || *value == "":
		default:
			if err := fs.Set(flag.Name, *value); err != nil {
				failed = append(failed, fmt.Errorf("%s: %w", key, shortly(err)))
			}
		}
	}
	return errors.Join(failed...)
}

func queryKeys(fs *pflag.FlagSet) []string {
	var keys []string
	fs.VisitAll(func(f *pflag.Flag) {
		if !f.Hidden && f.Name != "help" {
			keys = append(keys, strings.ReplaceAll(f.Name, "-", "_"))
		}
	})
	return keys
}
