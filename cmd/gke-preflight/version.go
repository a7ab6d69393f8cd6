package main

import (
	"encoding/json"
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gke-preflight/gke-preflight/preflight/bootstrap"
)

// provenance is what version prints: what this program was built from, by its own
// build information. What is not known is empty.
type provenance struct {
	Version   string   `json:"version"`
	Commit    string   `json:"commit,omitempty"`
	Time      string   `json:"commitTime,omitempty"`
	Modified  bool     `json:"modified"`
	Sum       string   `json:"moduleSum,omitempty"`
	Go        string   `json:"go"`
	Platform  string   `json:"platform"`
	Apiserver string   `json:"apiserver"`
	Minors    []string `json:"minors"`
}

func newVersion() *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use:   "version",
		Short: "Print the version, and what it was built from",
		Long: `Prints the version, the commit or the module's checksum that this program was built
from, the k8s.io/apiserver whose admission semantics it has, and the minors whose
start-up writes it knows. go version -m lists all modules in it.`,
		Example: `  gke-preflight version
  gke-preflight version -o json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return built().write(cmd.OutOrStdout(), output)
		},
	}
	choose(cmd, &output, "output", "o", "text", "text or json", "text", "json")
	return cmd
}

func built() provenance {
	p := provenance{
		Version:   toolVersion(),
		Go:        runtime.Version(),
		Platform:  runtime.GOOS + "/" + runtime.GOARCH,
		Apiserver: moduleVersion("k8s.io/apiserver"),
		Minors:    bootstrap.Minors(),
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return p
	}
	p.Sum = info.Main.Sum
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			p.Commit = s.Value
		case "vcs.time":
			p.Time = s.Value
		case "vcs.modified":
			p.Modified = s.Value == "true"
		}
	}
	return p
}

func (p provenance) write(w io.Writer, output string) error {
	if output == "json" {
		b, err := json.MarshalIndent(p, "", "  ")
		fmt.Fprintf(w, "%s\n", b)
		return err
	}
	_, err := io.WriteString(w, p.text())
	return err
}

// text is what is printed for people.
func (p provenance) text() string {
	from := ""
	switch {
	case p.Commit != "" && p.Modified:
		from = fmt.Sprintf("built from commit %s of %s, with changes\n", p.Commit, p.Time)
	case p.Commit != "":
		from = fmt.Sprintf("built from commit %s of %s\n", p.Commit, p.Time)
	case p.Sum != "":
		from = fmt.Sprintf("built from the module with checksum %s\n", p.Sum)
	}
	return fmt.Sprintf("gke-preflight version %s\n%s%s %s\nKubernetes admission semantics of k8s.io/apiserver %s\nstart-up writes of Kubernetes %s\n",
		p.Version, from, p.Go, p.Platform, p.Apiserver, strings.Join(p.Minors, ", "))
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
