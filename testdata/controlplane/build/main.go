// Command build builds the real control plane that tests run: etcd, Open Policy
// Agent and kube-apiserver of the newest two minors, with -all of every minor and of
// the earlier patches; with -tofu it builds OpenTofu instead, and with -only the
// kube-apiserver of one minor or earlier patch. What is built already is left alone.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"github.com/gke-preflight/gke-preflight/gke/controlplane/binaries"
)

func main() {
	all := flag.Bool("all", false, "build every minor")
	tofu := flag.Bool("tofu", false, "build OpenTofu")
	only := flag.String("only", "", "build the kube-apiserver of this version, such as 1.37 or 1.36.1")
	flag.Parse()
	wanted := binaries.Everyday
	switch {
	case *tofu:
		wanted = binaries.OpenTofu
	case *only != "":
		wanted = func() ([]binaries.Binary, error) { return one(*only) }
	case *all:
		wanted = every
	}
	if err := run(os.Stdout, wanted); err != nil {
		fmt.Fprintln(os.Stderr, "controlplane:", err)
		os.Exit(1)
	}
}

func every() ([]binaries.Binary, error) {
	all, err := binaries.All()
	if err != nil {
		return nil, err
	}
	earlier, err := binaries.Earlier()
	return append(all, earlier...), err
}

// one returns the kube-apiserver of a version, and etcd, without which it does not
// run.
func one(version string) ([]binaries.Binary, error) {
	all, err := every()
	if err != nil {
		return nil, err
	}
	wanted := slices.DeleteFunc(all, func(b binaries.Binary) bool {
		return b.Name != "etcd" && (b.Name != "kube-apiserver" || b.Minor() != version && b.Version != version)
	})
	if len(wanted) < 2 {
		return nil, fmt.Errorf("there is no kube-apiserver %s: make minor VERSION=%[1]s adds it", version)
	}
	return wanted, nil
}

func run(out io.Writer, wanted func() ([]binaries.Binary, error)) error {
	all, err := wanted()
	if err != nil {
		return err
	}
	for i, b := range all {
		fmt.Fprintf(out, "[%d/%d] %-22s ", i+1, len(all), b)
		built, err := b.Built()
		if err != nil {
			return err
		}
		if built {
			fmt.Fprintln(out, b.Path)
			continue
		}
		fmt.Fprint(out, "building … ")
		start := time.Now()
		if err := binaries.Build(context.Background(), b); err != nil {
			fmt.Fprintln(out)
			return fmt.Errorf("%s: %w", b, err)
		}
		fmt.Fprintf(out, "%.0f s, %s\n", time.Since(start).Seconds(), b.Path)
	}
	return nil
}
