// Package released takes a control plane's programs as others have built them: from a
// directory, or from an index of releases.
package released

import (
	"context"
	"fmt"
	"io/fs"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/gke-preflight/gke-preflight/gke/controlplane/binaries"
)

// Found are programs that somebody has put somewhere.
type Found []binaries.Binary

var said = regexp.MustCompile(`(?:Kubernetes v|etcd Version: )(\d+\.\d+\.\d+)`)

// Scan finds etcd and kube-apiservers in a directory, at any depth, and asks each for its
// version. Files are taken for what their names begin with.
func Scan(ctx context.Context, dir string) (Found, error) {
	var found Found
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		for _, name := range []string{"kube-apiserver", "etcd"} {
			if d.Name() != name && !strings.HasPrefix(d.Name(), name+"-") && d.Name() != name+".exe" {
				continue
			}
			if v, ok := versionOf(ctx, path); ok {
				found = append(found, binaries.Binary{Name: name, Version: v, Path: path})
			}
		}
		return nil
	})
	if err == nil && len(found) == 0 {
		err = fmt.Errorf("%s holds neither etcd nor a kube-apiserver that runs here", dir)
	}
	// The newest patch of a minor first.
	slices.SortStableFunc(found, func(a, b binaries.Binary) int { return -compare(a.Version, b.Version) })
	return found, err
}

func versionOf(ctx context.Context, path string) (string, bool) {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, path, "--version").CombinedOutput()
	m := said.FindSubmatch(out)
	if err != nil || m == nil {
		return "", false
	}
	return string(m[1]), true
}

// compare compares two versions of three numbers each.
func compare(a, b string) int {
	x, y := strings.Split(a, "."), strings.Split(b, ".")
	for n := range min(len(x), len(y)) {
		if d := len(x[n]) - len(y[n]); d != 0 {
			return d
		}
		if d := strings.Compare(x[n], y[n]); d != 0 {
			return d
		}
	}
	return 0
}

// Find returns the program of that name and minor, such as 1.36; version is empty for
// any.
func (f Found) Find(name, version string) (binaries.Binary, error) {
	var have []string
	for _, b := range f {
		if b.Name != name {
			continue
		}
		if version == "" || b.Minor() == version || b.Version == version {
			return b, nil
		}
		have = append(have, b.Version)
	}
	if have == nil {
		return binaries.Binary{}, fmt.Errorf("there is no %s that runs here", name)
	}
	return binaries.Binary{}, fmt.Errorf("there is no %s %s, but %s", name, version, strings.Join(have, ", "))
}
