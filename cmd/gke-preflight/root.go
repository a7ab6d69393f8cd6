package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/render"
)

// stdio is where a run reads and writes.
type stdio struct {
	in       io.Reader
	out, err io.Writer
}

// exitCode is an error that only says how to exit: what there was to say has been said.
type exitCode int

func (c exitCode) Error() string { return fmt.Sprintf("exit code %d", int(c)) }

// run is the whole program.
func run(args []string, std stdio) int {
	root := newRoot()
	root.SetArgs(asCalled(filepath.Base(os.Args[0]), args))
	root.SetIn(std.in)
	root.SetOut(std.out)
	root.SetErr(std.err)
	err := untilInterrupted(root.ExecuteContext)
	var code exitCode
	switch {
	case err == nil:
		return preflight.ExitReady
	case errors.As(err, &code):
		return int(code)
	}
	for _, e := range apart(err) {
		fmt.Fprintln(std.err, render.Inert("gke-preflight: "+preflight.Clean(e.Error())))
	}
	return preflight.ExitCouldNotRun
}

// apart returns the errors that err joins, each of which gets a line of its own.
func apart(err error) []error {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		return joined.Unwrap()
	}
	return []error{err}
}

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use: "gke-preflight",
		// The plugin's name is of two words, which Use ends at the first of.
		Annotations: map[string]string{cobra.CommandDisplayNameAnnotation: name()},
		Short:       "Foretell what a GKE control-plane upgrade would do to this cluster",
		Long: `gke-preflight answers one question: if this cluster's control plane is upgraded
now, what happens?

It works out what the new kube-apiserver will write while it starts, takes each
write through every admission webhook and policy that matches, asks the webhooks
for real, and says what becomes of the new replica: ready, delayed, degraded or
crash-looping; who is to blame; and what to do. It changes nothing.`,
		Example: `  # The current kubeconfig context, to the version GKE would upgrade to next
  gke-preflight check

  # A certain cluster, to a certain version
  gke-preflight check --context gke_my-project_europe-west1_prod --target-version 1.36

  # Record now, look later, without a cluster
  gke-preflight snapshot --file prod.zip
  gke-preflight check --snapshot prod.zip

  # What a verdict means, offline
  gke-preflight explain crash-loop`,
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.Version = strings.TrimSpace(strings.TrimPrefix(built().text(), "gke-preflight version "))
	root.SetUsageFunc(usage)
	root.SetFlagErrorFunc(flagError)
	root.AddCommand(newCheck(), newSimulate(), newWhatIf(), newFix(), newRehearse(), newWatch(), newSnapshot(), newRender(), newPlan(), newTerraform(), newNightly(), newFleet(), newPolicy(), newExplain(), newRBAC(), newDemo(), newVersion())
	root.InitDefaultCompletionCmd()
	for _, cmd := range root.Commands() {
		if cmd.Name() == "completion" {
			cmd.Args, cmd.RunE = cobra.NoArgs, func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
		}
	}
	return root
}

// asCalled returns the arguments of a run under a name: kubectl asks an executable
// called kubectl_complete-gke_preflight how to complete the plugin's arguments.
func asCalled(name string, args []string) []string {
	if strings.HasPrefix(name, "kubectl_complete-") {
		return append([]string{"__complete"}, args...)
	}
	return args
}

// name is how the program was called: kubectl shows its plugins as subcommands.
func name() string {
	if strings.HasPrefix(filepath.Base(os.Args[0]), "kubectl-") {
		return "kubectl gke-preflight"
	}
	return "gke-preflight"
}
