package main

import (
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/gke-preflight/gke-preflight/gke/controlplane/binaries"
	"github.com/gke-preflight/gke-preflight/gke/controlplane/released"
)

// programFlags say where the programs are that a rehearsal runs.
type programFlags struct {
	dir      string
	download bool
	index    string
}

func (p *programFlags) bind(cmd *cobra.Command) {
	fs := cmd.Flags()
	fs.StringVar(&p.dir, "binaries", "", "directory with etcd and kube-apiservers of both minors, at any depth; default: the user's cache, to which they are built from the published Go modules where Go is installed")
	fs.BoolVar(&p.download, "download", false, "fetch missing programs from --download-index, by its checksums, into the user's cache")
	fs.StringVar(&p.index, "download-index", released.Index, "URL of an index of releases as envtest has it, which may be a mirror")
}

// announce says what is to be built, how long that takes and how much it leaves behind,
// where anything is.
func (p *programFlags) announce(cmd *cobra.Command, say *progress, needed [][2]string) {
	var missing []string
	for _, n := range needed {
		b, err := binaries.Find(n[0], n[1])
		if err != nil && b.Path != "" && !slices.Contains(missing, b.String()) {
			missing = append(missing, b.String())
		}
	}
	if _, err := exec.LookPath("go"); err != nil || len(missing) == 0 || p.dir != "" || p.download {
		return
	}
	say.clear()
	fmt.Fprintf(cmd.ErrOrStderr(), "gke-preflight: to be built, once, from published Go modules: %s. That takes 5 to 30 minutes, and up to 3 GB of Go's caches; --download would fetch them instead\n",
		strings.Join(missing, ", "))
}

// finder returns what finds a program by name and minor, or makes it.
func (p *programFlags) finder(cmd *cobra.Command, say *progress) (func(name, version string) (binaries.Binary, error), error) {
	if p.dir != "" {
		found, err := released.Scan(cmd.Context(), p.dir)
		if err != nil {
			return nil, fmt.Errorf("--binaries: %w", err)
		}
		return func(name, version string) (binaries.Binary, error) {
			b, err := found.Find(name, version)
			if err != nil {
				return b, fmt.Errorf("--binaries %s: %w", p.dir, err)
			}
			return b, nil
		}, nil
	}
	return func(name, version string) (binaries.Binary, error) {
		b, err := binaries.Find(name, version)
		if err == nil || p.download {
			if err == nil {
				return b, nil
			}
			return p.fetch(cmd, say, name, version)
		}
		return p.build(cmd, say, b, err)
	}, nil
}

// fetch takes the program from the index, unless that was done before.
func (p *programFlags) fetch(cmd *cobra.Command, say *progress, name, version string) (binaries.Binary, error) {
	b, err := released.Download(cmd.Context(), p.index, name, version, func(what string) {
		say.clear()
		fmt.Fprintf(cmd.ErrOrStderr(), "gke-preflight: fetching %s, about 100 MB, once\n", what)
	})
	if err != nil {
		return b, fmt.Errorf("--download: %w", err)
	}
	return b, nil
}

// build builds a program that is known and not there; missing is why it was not found.
func (p *programFlags) build(cmd *cobra.Command, say *progress, b binaries.Binary, missing error) (binaries.Binary, error) {
	if b.Path == "" {
		return b, fmt.Errorf("%w; pass a directory with --binaries, or --download", missing)
	}
	if _, err := exec.LookPath("go"); err != nil {
		return b, fmt.Errorf("%s is not in the user's cache, and Go, which would build it, is not installed: pass a directory with --binaries, or --download", b)
	}
	say.clear()
	fmt.Fprintf(cmd.ErrOrStderr(), "gke-preflight: building %s\n", b)
	began := time.Now()
	if err := binaries.Build(cmd.Context(), b); err != nil {
		return b, err
	}
	fmt.Fprintf(cmd.ErrOrStderr(), "gke-preflight: built %s in %.0f s\n", b, time.Since(began).Seconds())
	return b, nil
}
