package main

import (
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/gke-preflight/gke-preflight/preflight/render"
)

func newRender() *cobra.Command {
	var out outputFlags
	cmd := &cobra.Command{
		Use:   "render REPORT",
		Short: "Show a stored report again, in any format",
		Long: `Reads a report that check wrote with -o json or -o yaml, and writes it in other
formats: the same report, the same verdict and the same exit code. Nothing is
checked again, and no cluster is needed. REPORT is a file, or - for standard input.`,
		Example: `  gke-preflight check -o json=report.json
  gke-preflight render report.json
  gke-preflight render report.json -o markdown=report.md -o junit=junit.xml`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := out.validate(); err != nil {
				return err
			}
			b, err := readFile(cmd.InOrStdin(), args[0])
			if err != nil {
				return err
			}
			r, err := render.Parse(b)
			if err != nil {
				return fmt.Errorf("%s: %w", args[0], otherThan(args[0], b, err))
			}
			return out.write(cmd, r)
		},
	}
	out.bind(cmd)
	return cmd
}

// readFile reads a file, or standard input for "-".
func readFile(stdin io.Reader, name string) ([]byte, error) {
	if name == "-" {
		return io.ReadAll(stdin)
	}
	return os.ReadFile(name)
}
