package main

import (
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/gke-preflight/gke-preflight/checks"
	"github.com/gke-preflight/gke-preflight/preflight/bootstrap"
	"github.com/gke-preflight/gke-preflight/preflight/target"
)

// complete has a shell complete the values of a flag.
func complete(cmd *cobra.Command, flag string, values ...string) {
	_ = cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp))
}

// completeOutputs offers formats, and behind FORMAT= what files there are.
func completeOutputs(cmd *cobra.Command, formats []string) {
	_ = cmd.RegisterFlagCompletionFunc("output", func(_ *cobra.Command, _ []string, begun string) ([]string, cobra.ShellCompDirective) {
		if strings.Contains(begun, "=") {
			return nil, cobra.ShellCompDirectiveDefault
		}
		return formats, cobra.ShellCompDirectiveNoFileComp
	})
}

// completeContexts offers the contexts of the kubeconfig that the command line names.
func (c *clusterFlags) completeContexts(cmd *cobra.Command) {
	_ = cmd.RegisterFlagCompletionFunc("context", func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return contextsIn(c.kubeconfig), cobra.ShellCompDirectiveNoFileComp
	})
}

// contextsIn are the names of a kubeconfig's contexts; none if it can't be read. An
// empty file name stands for kubectl's own.
func contextsIn(file string) []string {
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	rules.ExplicitPath = file
	config, err := rules.Load()
	if err != nil {
		return nil
	}
	return slices.Sorted(maps.Keys(config.Contexts))
}

// completeTargets offers what --target-version takes: the minors whose start-up is
// known, the newest first, and what GKE is asked for.
func completeTargets(cmd *cobra.Command) {
	targets := slices.Clone(bootstrap.Minors())
	slices.Reverse(targets)
	complete(cmd, "target-version", append(targets, "latest", "-", "rapid", "regular", "stable", "extended", target.Running)...)
}

// completeChecks offers checks for a flag that takes a list of them, after what stands
// before the last comma; families too, if the flag takes those.
func completeChecks(cmd *cobra.Command, flag string, families bool) {
	_ = cmd.RegisterFlagCompletionFunc(flag, func(_ *cobra.Command, _ []string, begun string) ([]string, cobra.ShellCompDirective) {
		before := begun[:strings.LastIndexByte(begun, ',')+1]
		var all []string
		known := map[string]bool{}
		for _, c := range checks.All() {
			if family := c.ID[:len("GP1")]; families && !known[family] {
				known[family] = true
				all = append(all, before+family+"\tall of "+family+"xx")
			}
			all = append(all, before+c.ID+"\t"+c.Name)
		}
		return all, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
	})
}
