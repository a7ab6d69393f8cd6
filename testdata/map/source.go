package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"golang.org/x/mod/module"
	modzip "golang.org/x/mod/zip"

	"github.com/gke-preflight/gke-preflight/preflight/addons"
)

// own is where the project's recordings and written manifests are.
const own = "testdata/map"

// A source is a directory to render from.
type source struct {
	dir string
	// origin says what it is, version which; version is empty where the chart says.
	origin, version string
}

// source finds or fetches what an install is read from.
func (m *mapper) source(f addons.From) (source, error) {
	switch {
	case f.Recorded != "":
		return source{filepath.Join(own, "recorded"), "testdata/map/recorded/" + f.Recorded, f.Version}, nil
	case f.Module != "":
		dir, err := m.module(f.Module + "@" + f.Version)
		return source{dir, fmt.Sprintf("Go module %s@%s, %s", f.Module, f.Version, path(f)), f.Version}, err
	case f.Checkout != "":
		return m.checkout(f)
	}
	return source{filepath.Join(own, "written"), "testdata/map/written/" + f.Written + ", which says where that is from", f.Version}, nil
}

func path(f addons.From) string {
	return strings.TrimSpace(strings.Join(append([]string{f.Chart + f.Kustomization}, f.Files...), " "))
}

// module is the directory of a module in the cache. That a later Go is wanted to build
// it does not matter: nothing of it is built.
func (m *mapper) module(at string) (string, error) {
	if dir := m.modules[at]; dir != "" {
		return dir, nil
	}
	cmd := exec.Command("go", "mod", "download", "-json", at)
	cmd.Dir = os.TempDir()
	cmd.Env = append(os.Environ(), "GOFLAGS=-mod=mod", "GOWORK=off")
	out, err := cmd.Output()
	var got struct{ Dir, Zip, Error string }
	if json.Unmarshal(out, &got) != nil || got.Dir+got.Zip == "" {
		return "", fmt.Errorf("go mod download %s: %v %s", at, err, got.Error)
	}
	if got.Dir == "" {
		if got.Dir, err = m.unzip(got.Zip, at); err != nil {
			return "", err
		}
	}
	m.modules[at] = got.Dir
	return got.Dir, nil
}

// unzip returns a directory that holds what is in a module's zip.
func (m *mapper) unzip(zip, at string) (string, error) {
	path, version, _ := strings.Cut(at, "@")
	dir, err := os.MkdirTemp("", "map")
	if err != nil {
		return "", err
	}
	m.unzipped = append(m.unzipped, dir)
	dir = filepath.Join(dir, "module")
	return dir, modzip.Unzip(dir, module.Version{Path: path, Version: version}, zip)
}

func (m *mapper) checkout(f addons.From) (source, error) {
	dir := filepath.Join(m.checkouts, f.Checkout)
	commit, err := os.ReadFile(filepath.Join(dir, ".commit"))
	if err != nil {
		commit, err = exec.Command("git", "-C", dir, "rev-parse", "HEAD").Output()
	}
	if err != nil {
		return source{}, fmt.Errorf("the commit of %s: %w", dir, err)
	}
	at := string(bytes.TrimSpace(commit))
	if f.Commit != "" && !strings.HasPrefix(at, f.Commit) {
		return source{}, fmt.Errorf("%s is at %s, and the index says %s: change the commit and the day there", dir, at, f.Commit)
	}
	return source{dir, fmt.Sprintf("github.com/%s@%.12s, %s", f.Checkout, at, path(f)), f.Version}, nil
}
