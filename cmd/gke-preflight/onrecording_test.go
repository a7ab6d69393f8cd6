package main

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// onRecording is gke-preflight as the manual's test runs it, with no cluster at
// hand. The command line is parsed by the real commands, whose flags it must heed.
// Then those that say which cluster to look at, or how to ask it, are replaced by
// --snapshot incident.zip, or --snapshots recordings where it looks at several, as of
// the day on which they were made, and
// so is the query of terraform; snapshot itself copies that file, and watch
// replays upgrade.jsonl, and rehearse is check. A value in capitals,
// such as VERSION, is the reader's to fill in, and is left out.
func onRecording() {
	in := io.Reader(os.Stdin)
	if os.Args[1] == "terraform" {
		if err := setByQuery(newTerraform().Flags(), in); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		in = strings.NewReader("{}")
	}
	args, err := replayed(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(run(args, stdio{in, os.Stdout, os.Stderr}))
}

func replayed(args []string) ([]string, error) {
	root := newRoot()
	root.InitDefaultCompletionCmd(args...)
	cmd, rest, err := root.Find(args)
	if err != nil {
		return nil, err
	}
	if !cmd.HasParent() || cmd.Flags().Lookup("project") == nil {
		return args, nil
	}
	if err := cmd.ParseFlags(rest); err != nil {
		return nil, err
	}
	if err := cmd.ValidateArgs(cmd.Flags().Args()); err != nil {
		return nil, err
	}
	if cmd.Name() == "rehearse" {
		// Its programs are not there; what is looked at is as for check.
		return []string{"check", "--snapshot=incident.zip", "--as-of=2026-11-23"}, nil
	}
	if file := cmd.Flags().Lookup("file"); cmd.Name() == "snapshot" {
		return []string{"version"}, copyOf(file.Value.String())
	}
	return append(append([]string{cmd.Name()}, withoutCluster(cmd)...), cmd.Flags().Args()...), nil
}

// withoutCluster are the flags that were given, with those of a live cluster replaced.
func withoutCluster(cmd *cobra.Command) []string {
	var flags []string
	offline := false
	cmd.Flags().Visit(func(f *pflag.Flag) {
		values := []string{f.Value.String()}
		if many, ok := f.Value.(pflag.SliceValue); ok {
			values = many.GetSlice()
		}
		for _, v := range values {
			if slices.Contains(liveFlags(), f.Name) || f.Name == "record" || f.Name == "projects" || f.Name == "folder" || v == strings.ToUpper(v) && f.Name == "target-version" && strings.IndexFunc(v, func(r rune) bool { return r >= 'A' }) >= 0 {
				continue
			}
			flags = append(flags, "--"+f.Name+"="+v)
		}
		offline = offline || f.Name == "snapshot" || f.Name == "from" || f.Name == "report"
	})
	if cmd.Name() == "watch" && !cmd.Flags().Changed("replay") {
		flags = append(flags, "--replay=upgrade.jsonl")
	}
	if f := cmd.Flags().Lookup("as-of"); f != nil && !f.Changed {
		flags = append(flags, "--as-of=2026-11-30")
	}
	switch {
	case cmd.Flags().Lookup("snapshots") != nil:
		flags = append(flags, "--snapshots=recordings")
	case !offline:
		flags = append(flags, "--snapshot=incident.zip")
	}
	return flags
}

func copyOf(file string) error {
	if file == "" {
		return fmt.Errorf("snapshot needs --file")
	}
	in, err := os.Open("incident.zip")
	if err != nil {
		return err
	}
	defer in.Close()
	b, err := io.ReadAll(in)
	if err != nil {
		return err
	}
	return os.WriteFile(file, b, 0o600)
}
