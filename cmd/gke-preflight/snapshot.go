package main

import (
	"bytes"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/redact"
	"github.com/gke-preflight/gke-preflight/preflight/render"
)

func newSnapshot() *cobra.Command {
	var o observeFlags
	var name string
	var exitZero, anonymous bool
	var from string
	cmd := &cobra.Command{
		Use:   "snapshot --file FILE",
		Short: "Record what a check would read, to look at it later",
		Long: `Reads what a check reads, asks the webhooks what a check asks them, and writes it
all to one file. gke-preflight check --snapshot FILE then gives the report that a
check would have given, with no cluster at hand.

The recording holds no Secret, no environment variable and no token. It does hold
names, labels and the rules of your webhooks and policies; with --helm, of Helm
releases that use a removed API their names and those of the objects concerned.

--redact gives everything that users have named another name, the same one
everywhere: the verdict stays, and so does what a rehearsal shows. Private addresses,
rules, times, sizes and the certificates of caBundles stay as well. With --snapshot an
older recording is made so.

Exit codes: 0 everything was read; 1 there is no recording, and an older file of that
name is as it was; 4 it was written, and lacks the facts that are named.`,
		Example: `  gke-preflight snapshot --file prod.zip --target-version 1.36
  gke-preflight check --snapshot prod.zip
  gke-preflight snapshot --snapshot prod.zip --redact --file anonymous.zip`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if name == "" {
				return fmt.Errorf("--file: the name of the file to write is missing")
			}
			if err := placeFor(name); err != nil {
				return fmt.Errorf("--file %s: %w", name, err)
			}
			s, err := o.snapshot(cmd, from)
			if err == nil && anonymous {
				s, err = redacted(s)
			}
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
			lacking := unread(s)
			for _, line := range lacking {
				fmt.Fprintln(cmd.ErrOrStderr(), render.Inert(preflight.Clean(line)))
			}
			if lacking == nil || exitZero {
				return nil
			}
			return exitCode(preflight.ExitInconclusive)
		},
	}
	o.bind(cmd)
	o.bindHelm(cmd.Flags())
	cmd.Flags().StringVarP(&name, "file", "f", "", "the file to write; an existing one is replaced")
	cmd.Flags().StringVar(&from, "snapshot", "", "with --redact: make this recording anonymous instead of one of a live cluster")
	cmd.Flags().BoolVar(&anonymous, "redact", false, "replace the names that users gave, consistently, so that it can be sent to others")
	cmd.Flags().BoolVar(&exitZero, "exit-zero", false, "exit 0 even if facts could not be read; still 1 if there is no recording")
	return cmd
}

// redacted is s with other names. What its verdict comes from must be the same.
func redacted(s *facts.Snapshot) (*facts.Snapshot, error) {
	r, err := redact.Snapshot(s)
	if err != nil {
		return nil, fmt.Errorf("--redact: %w", err)
	}
	before, after := report(s, 0), report(r, 0)
	if before.Verdict != after.Verdict || before.Forecast.ControlPlane.Outcome != after.Forecast.ControlPlane.Outcome || len(before.Findings) != len(after.Findings) {
		return nil, fmt.Errorf("--redact: with other names the verdict would be another, which is a bug of this tool: nothing was written")
	}
	return r, nil
}

// unread says which facts could not be read, and why; nil if all were that were sought.
func unread(s *facts.Snapshot) (lines []string) {
	for _, f := range facts.All() {
		if a, _ := s.Absence(f); a.Reason.Sought() {
			lines = append(lines, fmt.Sprintf("not read: %s (%s)", f.ID(), a))
		}
	}
	return lines
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
		if !bytes.HasPrefix(b, []byte("PK")) {
			err = otherThan(file, b, err)
		}
		return nil, fmt.Errorf("--snapshot %s: %w", file, err)
	}
	return s, nil
}
