// Command minor adds a minor of Kubernetes to the rig, or moves one to another
// patch: it writes testdata/controlplane/vMINOR with a go.mod that builds that
// kube-apiserver with the very dependencies upstream builds it with. "make minor
// VERSION=1.37.0" runs it, in the root of the repository.
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

const (
	upstream = "k8s.io/kubernetes"
	staging  = "./staging/src/"
	self     = "github.com/gke-preflight/gke-preflight/testdata/controlplane/"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "minor:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 1 || strings.Count(args[0], ".") != 2 || strings.HasPrefix(args[0], "v") {
		return errors.New("name one version, such as 1.37.0")
	}
	version := args[0]
	released, err := requirements(version)
	if err != nil {
		return err
	}
	line := "v" + version[:strings.LastIndex(version, ".")]
	dir := filepath.Join("testdata", "controlplane", line)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "go.mod"), released, 0o644); err != nil {
		return err
	}
	edits, err := turn(dir, line, version)
	if err != nil {
		return err
	}
	if _, err := mod(dir, append([]string{"edit"}, edits...)...); err != nil {
		return err
	}
	_, err = mod(dir, "tidy")
	return err
}

// mod runs go mod in dir and returns what it printed.
func mod(dir string, args ...string) ([]byte, error) {
	cmd := exec.Command("go", append([]string{"mod"}, args...)...)
	cmd.Dir, cmd.Stderr = dir, os.Stderr
	cmd.Env = append(os.Environ(), "GOWORK=off")
	return cmd.Output()
}

// requirements returns the go.mod that upstream released the version with,
// without the comments at its head.
func requirements(version string) ([]byte, error) {
	said, err := mod(".", "download", "-json", upstream+"@v"+version)
	var module struct{ GoMod, Error string }
	if e := json.Unmarshal(said, &module); e != nil {
		return nil, errors.Join(err, e)
	}
	if module.Error != "" {
		return nil, errors.New(module.Error)
	}
	raw, err := os.ReadFile(module.GoMod)
	if err != nil {
		return nil, err
	}
	return raw[max(0, bytes.Index(raw, []byte("module "))):], nil
}

// turn returns the edits that make upstream's go.mod one that builds its
// kube-apiserver: every part that stands in its own tree is taken as it was
// published. The samples are left out: no program needs them, and some were
// never published.
func turn(dir, line, version string) ([]string, error) {
	said, err := mod(dir, "edit", "-json")
	if err != nil {
		return nil, err
	}
	var file struct {
		Replace []struct{ Old, New struct{ Path string } }
	}
	if err := json.Unmarshal(said, &file); err != nil {
		return nil, err
	}
	published := "v0." + strings.TrimPrefix(version, "1.")
	edits := []string{"-module=" + self + line, "-tool=" + upstream + "/cmd/kube-apiserver", "-require=" + upstream + "@v" + version}
	for _, r := range file.Replace {
		path := r.Old.Path
		switch {
		case strings.HasPrefix(path, "k8s.io/sample-"):
			edits = append(edits, "-dropreplace="+path, "-droprequire="+path)
		case strings.HasPrefix(r.New.Path, staging):
			edits = append(edits, "-replace="+path+"="+path+"@"+published)
		}
	}
	return edits, nil
}
