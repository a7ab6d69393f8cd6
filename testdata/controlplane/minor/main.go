// Command minor adds a minor of Kubernetes to those that are run, or moves one to
// another patch: it writes vMINOR.mod and vMINOR.sum to gke/controlplane/binaries/modules,
// a go.mod that builds that kube-apiserver with the very dependencies upstream builds it
// with. "make minor VERSION=1.37.0" runs it, in the root of the repository. With -earlier
// it adds a patch beside that of its minor, named by the whole version.
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/hashicorp/go-version"
)

const (
	upstream = "k8s.io/kubernetes"
	staging  = "./staging/src/"
	// self is the name of the module that builds a version, without the version.
	// Another would build all of them anew.
	self = "github.com/gke-preflight/gke-preflight/testdata/controlplane/"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "minor:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	flags := flag.NewFlagSet("minor", flag.ContinueOnError)
	earlier := flags.Bool("earlier", false, "keep it beside the patch of its minor that is there")
	if err := flags.Parse(args); err != nil {
		return err
	}
	version := flags.Arg(0)
	if flags.NArg() != 1 || strings.Count(version, ".") != 2 || strings.HasPrefix(version, "v") {
		return errors.New("name one version, such as 1.37.0")
	}
	released, err := requirements(version)
	if err != nil {
		return err
	}
	line := "v" + version
	if !*earlier {
		line = line[:strings.LastIndex(line, ".")]
	}
	dir, err := os.MkdirTemp("", "minor-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
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
	if _, err = mod(dir, "tidy"); err != nil {
		return err
	}
	return keep(dir, line)
}

// keep stores the go.mod and go.sum of dir among the modules.
func keep(dir, line string) error {
	for _, kind := range []string{"mod", "sum"} {
		content, err := os.ReadFile(filepath.Join(dir, "go."+kind))
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join("gke", "controlplane", "binaries", "modules", line+"."+kind), content, 0o644); err != nil {
			return err
		}
	}
	return nil
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
// published, or, where it was not at that patch, as it was at the last patch
// before. The samples are left out: no program needs them, and some were never
// published.
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
	edits := []string{"-module=" + self + line, "-tool=" + upstream + "/cmd/kube-apiserver", "-require=" + upstream + "@v" + version}
	for _, r := range file.Replace {
		path := r.Old.Path
		switch {
		case strings.HasPrefix(path, "k8s.io/sample-"):
			edits = append(edits, "-dropreplace="+path, "-droprequire="+path)
		case strings.HasPrefix(r.New.Path, staging):
			patch, err := published(path, "v0."+strings.TrimPrefix(version, "1."))
			if err != nil {
				return nil, err
			}
			edits = append(edits, "-replace="+path+"="+path+"@"+patch)
		}
	}
	return edits, nil
}

// published returns the version of the module that is wanted, or where that was
// not published the newest patch before it, and says so.
func published(path, wanted string) (string, error) {
	if _, err := list("-m", path+"@"+wanted); err == nil {
		return wanted, nil
	}
	versions, err := list("-m", "-versions", path)
	if err != nil {
		return "", fmt.Errorf("which versions of %s are published: %w", path, err)
	}
	before, err := version.NewConstraint("~> " + wanted[1:strings.LastIndex(wanted, ".")] + ".0, < " + wanted[1:])
	if err != nil {
		return "", err
	}
	newest := ""
	for _, v := range strings.Fields(versions)[1:] {
		if parsed, err := version.NewVersion(v); err == nil && before.Check(parsed) {
			newest = v
		}
	}
	if newest == "" {
		return "", fmt.Errorf("%s %s was never published, nor any patch before it", path, wanted)
	}
	fmt.Fprintf(os.Stderr, "minor: %s %s was never published: %s takes its place\n", path, wanted, newest)
	return newest, nil
}

// list runs go list outside of any module.
func list(args ...string) (string, error) {
	cmd := exec.Command("go", append([]string{"list"}, args...)...)
	cmd.Env, cmd.Dir = append(os.Environ(), "GOWORK=off"), os.TempDir()
	said, err := cmd.Output()
	return string(said), err
}
