// Command minor adds a minor of Kubernetes to the rig, or moves one to another
// patch: it writes testdata/controlplane/vMINOR with a go.mod that builds that
// kube-apiserver with the very dependencies upstream builds it with. "make minor
// VERSION=1.37.0" runs it, in the root of the repository.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/mod/modfile"
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
	line := "v" + version[:strings.LastIndex(version, ".")]
	mod, err := requirements(version)
	if err == nil {
		err = turn(mod, line, version)
	}
	if err != nil {
		return err
	}
	dir := filepath.Join("testdata", "controlplane", line)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "go.mod"), modfile.Format(mod.Syntax), 0o644); err != nil {
		return err
	}
	tidy := exec.Command("go", "mod", "tidy")
	tidy.Dir, tidy.Stdout, tidy.Stderr = dir, os.Stdout, os.Stderr
	tidy.Env = append(os.Environ(), "GOWORK=off")
	return tidy.Run()
}

// requirements returns the go.mod that upstream released the version with.
func requirements(version string) (*modfile.File, error) {
	said, err := exec.Command("go", "mod", "download", "-json", upstream+"@v"+version).Output()
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
	return modfile.Parse(module.GoMod, raw, nil)
}

// turn makes upstream's go.mod one that builds its kube-apiserver: every part
// that stands in its own tree is taken as it was published. The samples are left
// out: no program needs them, and some were never published.
func turn(mod *modfile.File, line, version string) error {
	mod.Syntax.Stmt = slices.DeleteFunc(mod.Syntax.Stmt, func(e modfile.Expr) bool {
		_, isComment := e.(*modfile.CommentBlock)
		return isComment
	})
	errs := []error{
		mod.AddModuleStmt(self + line),
		mod.AddTool(upstream + "/cmd/kube-apiserver"),
		mod.AddRequire(upstream, "v"+version),
	}
	published := "v0." + strings.TrimPrefix(version, "1.")
	for _, r := range slices.Clone(mod.Replace) {
		path, in := r.Old.Path, r.New.Path
		switch {
		case strings.HasPrefix(path, "k8s.io/sample-"):
			errs = append(errs, mod.DropReplace(path, ""), mod.DropRequire(path))
		case strings.HasPrefix(in, staging):
			errs = append(errs, mod.AddReplace(path, "", path, published))
		}
	}
	mod.Cleanup()
	return errors.Join(errs...)
}
