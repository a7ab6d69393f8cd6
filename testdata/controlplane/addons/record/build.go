package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/gke-preflight/gke-preflight/preflight/addons"
)

// build returns the path of each of the add-on's programs, by its package. What was not
// built yet is built from the add-on's module, with what its own go.mod names, into the
// user's cache, where it stays. It is nil where a program's main package is in no module
// and there is no checkout with it.
func build(ctx context.Context, name string, from addons.From, checkouts string) (map[string]string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return nil, err
	}
	built := map[string]string{}
	for _, p := range programs[name] {
		base := filepath.Base(p.pkg)
		if base == "." {
			base = name
		}
		file := filepath.Join(cache, "gke-preflight", "addons", name+"-"+from.Version, base)
		built[p.pkg] = file
		if _, err := os.Stat(file); !errors.Is(err, fs.ErrNotExist) {
			if err != nil {
				return nil, err
			}
			continue
		}
		fmt.Printf("building %s of %s %s, which takes minutes\n", p.pkg, name, from.Version)
		switch missing, err := p.build(ctx, file, from, checkouts); {
		case err != nil:
			return nil, err
		case missing:
			return nil, nil
		}
	}
	return built, nil
}

// build builds the program; missing says that it is in a checkout that is not there.
func (p program) build(ctx context.Context, file string, from addons.From, checkouts string) (missing bool, err error) {
	if p.checkout == "" {
		var at struct{ Dir, Error string }
		out, err := command(ctx, os.TempDir(), "go", "mod", "download", "-json", from.Module+"@"+from.Version)
		if json.Unmarshal(out, &at) != nil || at.Dir == "" {
			return false, fmt.Errorf("%w %s", err, at.Error)
		}
		_, err = command(ctx, at.Dir, "go", "build", "-trimpath", "-ldflags=-s -w", "-o", file, p.pkg)
		return false, err
	}
	source := filepath.Join(checkouts, p.checkout, p.pkg)
	if _, err := os.Stat(source); checkouts == "" || err != nil {
		return true, nil
	}
	dir, err := os.MkdirTemp("", "record-build-")
	if err != nil {
		return false, err
	}
	defer os.RemoveAll(dir)
	if err := os.CopyFS(dir, os.DirFS(source)); err != nil {
		return false, err
	}
	// The main package alone is the checkout's: all that it calls is the module's.
	if _, err := command(ctx, dir, "go", "mod", "edit", "-dropreplace", from.Module, "-require", from.Module+"@"+from.Version); err != nil {
		return false, err
	}
	_, err = command(ctx, dir, "go", "build", "-mod=mod", "-trimpath", "-ldflags=-s -w", "-o", file, ".")
	return false, err
}

func command(ctx context.Context, dir, name string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOFLAGS=-buildvcs=false", "GOWORK=off", "CGO_ENABLED=0")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		err = fmt.Errorf("%s %v: %w", name, args, err)
	}
	return out, err
}
