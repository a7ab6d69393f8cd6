package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// flagGroups are the groups in which help lists flags, in their order. A flag of no
// group is among the rest, at the end.
var flagGroups = []struct {
	title string
	names []string
}{
	{"Which cluster", []string{"context", "kubeconfig", "user", "project", "location", "cluster", "in-cluster", "projects", "folder", "clusters", "snapshot", "snapshots", "from", "shard", "shards", "replay"}},
	{"Which upgrade", []string{"target-version", "upgrade-timeout", "operation", "for", "webhook", "with-fix", "with", "kubelet", "accept-recreation"}},
	{"What counts", []string{"steps", "only", "skip", "policy", "accept", "baseline", "fail-on-new", "as-of", "max-age", "way", "kinds", "all"}},
	{"How it looks", []string{"timeout", "request-timeout", "vantage", "server-dry-run", "impersonate", "port-forward", "helm", "no-gke", "binaries", "download", "download-index", "parallel", "every", "report", "as", "as-group", "as-uid",
		"gke-endpoint", "recommender-endpoint", "monitoring-endpoint", "compute-endpoint", "resource-manager-endpoint"}},
	{"What it writes", []string{"output", "file", "redact", "out", "force", "reports", "run", "keep", "record", "color", "quiet", "show-passed", "verbose", "exit-zero"}},
	{"Whom it tells", []string{"notify", "notify-url-file", "notify-topic", "pubsub-endpoint", "push-metrics"}},
}

// fewFlags is up to how many are listed without groups.
const fewFlags = 8

// usage writes what help says below a command's description.
func usage(cmd *cobra.Command) error {
	var b strings.Builder
	b.WriteString("Usage:\n")
	if cmd.Runnable() {
		fmt.Fprintf(&b, "  %s\n", cmd.UseLine())
	}
	if cmd.HasAvailableSubCommands() {
		fmt.Fprintf(&b, "  %s [command]\n", cmd.CommandPath())
	}
	if cmd.HasExample() {
		fmt.Fprintf(&b, "\nExamples:\n%s\n", cmd.Example)
	}
	if cmd.HasAvailableSubCommands() {
		b.WriteString("\nCommands:\n")
		for _, sub := range cmd.Commands() {
			if sub.IsAvailableCommand() || sub.Name() == "help" {
				fmt.Fprintf(&b, "  %-*s %s\n", sub.NamePadding(), sub.Name(), sub.Short)
			}
		}
	}
	flagsByGroup(&b, cmd.LocalFlags())
	if cmd.HasAvailableSubCommands() {
		fmt.Fprintf(&b, "\n%s [command] --help tells more about a command.\n", cmd.CommandPath())
	}
	_, err := io.WriteString(cmd.OutOrStderr(), b.String())
	return err
}

func flagsByGroup(b *strings.Builder, all *pflag.FlagSet) {
	rest := map[string]*pflag.Flag{}
	all.VisitAll(func(f *pflag.Flag) {
		if !f.Hidden {
			rest[f.Name] = f
		}
	})
	write := func(title string, names []string) {
		group := pflag.NewFlagSet(title, pflag.ContinueOnError)
		group.SortFlags = false
		for _, name := range names {
			if f := rest[name]; f != nil {
				group.AddFlag(f)
				delete(rest, name)
			}
		}
		if group.HasFlags() {
			fmt.Fprintf(b, "\n%s:\n%s", title, group.FlagUsages())
		}
	}
	others := "Flags"
	if len(rest) > fewFlags {
		others = "Others"
		for _, g := range flagGroups {
			write(g.title, g.names)
		}
	}
	var left []string
	for name := range rest {
		left = append(left, name)
	}
	slices.Sort(left)
	write(others, left)
}
