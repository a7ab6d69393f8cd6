package main

import (
	"bytes"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

func newSnapshot() *cobra.Command {
	var o observeFlags
	var name string
	cmd := &cobra.Command{
		Use:   "snapshot --file FILE",
		Short: "Record what a check would read, to look at it later",
		Long: `Reads what a check reads, asks the webhooks what a check asks them, and writes it
all to one file. gke-preflight check --snapshot FILE then gives the report that a
check would have given, with no cluster at hand.

The recording holds no Secret, no environment variable and no token. It does hold
names, labels and the rules of your webhooks and policies; with --helm, of Helm
releases that use a removed API their names and those of the objects concerned.`,
		Example: `  gke-preflight snapshot --file prod.zip --target-version 1.36
  gke-preflight check --snapshot prod.zip`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if name == "" {
				return fmt.Errorf("--file: the name of the file to write is missing")
			}
			s, err := o.observe(cmd)
			if err != nil {
				return err
			}
			var b bytes.Buffer
			if err := s.WriteZip(&b); err != nil {
				return err
			}
			if err := writeFiles([]file{{name, b.Bytes()}}, ownerOnly); err != nil {
				return fmt.Errorf("--file %w", err)
			}
			present, absent := coverage(s)
			fmt.Fprintf(cmd.ErrOrStderr(), "wrote %s: %d facts, %d absent, %d KiB\n", name, present, absent, b.Len()/1024)
			return nil
		},
	}
	o.bind(cmd)
	o.bindHelm(cmd.Flags())
	cmd.Flags().StringVarP(&name, "file", "f", "", "the file to write; an existing one is replaced")
	return cmd
}

func coverage(s *facts.Snapshot) (present, absent int) {
	for _, f := range facts.All() {
		if _, missing := s.Absence(f); missing {
			absent++
		} else {
			present++
		}
	}
	return present, absent
}

// load reads a recording.
func load(file string) (*facts.Snapshot, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("--snapshot: %w", err)
	}
	s, err := facts.LoadZip(b)
	if err != nil {
		return nil, fmt.Errorf("--snapshot %s: %w", file, err)
	}
	return s, nil
}
