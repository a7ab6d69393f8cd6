package main

import (
	"archive/zip"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/gke-preflight/gke-preflight/preflight/addons"
)

// A source is one file, where it is from, and the day of that state of it.
type source struct {
	text        []byte
	origin, day string
}

// errNotHere: there is no checkout of the repository.
var errNotHere = errors.New("no checkout")

// open reads the list.
func open(checkouts string, l addons.List) (source, error) {
	if l.Module != "" {
		return published(l.Module, l.Version, l.File)
	}
	dir := filepath.Join(checkouts, l.Checkout)
	if _, err := os.Stat(dir); checkouts == "" || err != nil {
		return source{}, errNotHere
	}
	head, err := exec.Command("git", "-C", dir, "log", "-1", "--format=%H %ct").Output()
	if err != nil {
		return source{}, fmt.Errorf("the commit of %s: %w", dir, err)
	}
	var commit string
	var seconds int64
	if _, err := fmt.Sscan(string(head), &commit, &seconds); err != nil {
		return source{}, err
	}
	if !strings.HasPrefix(commit, l.Commit) {
		return source{}, fmt.Errorf("%s is at %s, and index.yaml says at %s that it is about %s: look it up, and change both there", dir, commit, l.Commit, l.Release)
	}
	text, err := os.ReadFile(filepath.Join(dir, l.File))
	return source{text, fmt.Sprintf("github.com/%s@%.12s:%s", l.Checkout, commit, l.File), day(time.Unix(seconds, 0))}, err
}

// of reports whether a row of that origin was read from the list.
func of(l addons.List, origin string) bool {
	repository, file, _ := strings.Cut(origin, ":")
	repository, _, _ = strings.Cut(repository, "@")
	return file == l.File && repository == "github.com/"+l.Checkout
}

func day(t time.Time) string { return t.UTC().Format(time.DateOnly) }

// published is a file of a version of a module, and the day on which that came out; no
// file where none is named. It is read from the zip, which there is even of what a later
// Go is wanted to build.
func published(path, version, file string) (source, error) {
	at := path + "@" + version
	src := source{origin: at + ":" + file}
	cmd := exec.Command("go", "mod", "download", "-json", at)
	cmd.Dir = os.TempDir()
	cmd.Env = append(os.Environ(), "GOFLAGS=-mod=mod", "GOWORK=off")
	said, err := cmd.Output()
	var got struct{ Zip, Info, Error string }
	if json.Unmarshal(said, &got) != nil || got.Zip == "" || got.Info == "" {
		return src, fmt.Errorf("%s: %w %s", at, err, got.Error)
	}
	info, err := os.ReadFile(got.Info)
	if err != nil {
		return src, err
	}
	var known struct{ Time time.Time }
	if err := json.Unmarshal(info, &known); err != nil {
		return src, fmt.Errorf("%s: %w", got.Info, err)
	}
	src.day = day(known.Time)
	if file == "" {
		src.origin = at
		return src, nil
	}
	z, err := zip.OpenReader(got.Zip)
	if err != nil {
		return src, err
	}
	defer z.Close()
	src.text, err = fs.ReadFile(z, at+"/"+file)
	return src, err
}
