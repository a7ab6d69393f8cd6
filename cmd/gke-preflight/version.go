package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gke-preflight/gke-preflight/preflight/bootstrap"
)

func newVersion() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version, and what it was built from",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			fmt.Fprintf(cmd.OutOrStdout(), "gke-preflight %s\n%s %s/%s\nKubernetes admission semantics of k8s.io/apiserver %s\nstart-up writes of Kubernetes %s\n",
				toolVersion(), runtime.Version(), runtime.GOOS, runtime.GOARCH, moduleVersion("k8s.io/apiserver"), strings.Join(bootstrap.Minors(), ", "))
			return nil
		},
	}
}

// toolVersion is the module's version, with the commit where it was built from
// a checkout; "devel" where nothing is known.
func toolVersion() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" || info.Main.Version == "(devel)" {
		return "devel"
	}
	return info.Main.Version
}

func moduleVersion(path string) string {
	info, _ := debug.ReadBuildInfo()
	if info != nil {
		for _, m := range info.Deps {
			if m.Path == path {
				return m.Version
			}
		}
	}
	return "unknown"
}
