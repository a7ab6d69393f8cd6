// Command removals makes the table of the APIs that Kubernetes has removed or
// will remove: it reads the lifecycle methods of each minor's published modules.
// "make removals" runs it, in the root of the repository; it needs the Go module
// proxy and nothing else. It reads every minor that the rig builds, and older ones.
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"

	"github.com/gke-preflight/gke-preflight/gke/controlplane/binaries"
)

const output = "preflight/removals/removals.yaml"

// older are one patch of k8s.io/api for each minor before those that the rig
// builds, oldest first: types that a later one dropped are in the earlier only.
var older = []string{"v0.22.5", "v0.23.16", "v0.24.3", "v0.25.9", "v0.26.9", "v0.27.4", "v0.28.3", "v0.29.15"}

// beside are the modules that hold the APIs which are not in k8s.io/api. They
// keep their old types, so that the newest is enough.
var beside = []string{"k8s.io/apiextensions-apiserver", "k8s.io/kube-aggregator"}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "removals:", err)
		os.Exit(1)
	}
}

func run() error {
	if _, err := os.Stat(output); err != nil {
		return fmt.Errorf("%w: run it in the root of the repository", err)
	}
	content, err := generate()
	if err != nil {
		return err
	}
	return os.WriteFile(output, content, 0o644)
}

func generate() ([]byte, error) {
	sources, err := versions()
	if err != nil {
		return nil, err
	}
	var read []module
	for _, v := range sources {
		m, err := download("k8s.io/api", v)
		if err != nil {
			return nil, err
		}
		read = append(read, m)
	}
	newest := sources[len(sources)-1]
	for _, path := range beside {
		m, err := download(path, newest)
		if err != nil {
			return nil, err
		}
		read = append(read, m)
	}
	return table(read)
}

// versions are those of k8s.io/api that are read, oldest first.
func versions() ([]string, error) {
	all, err := binaries.All()
	read := slices.Clone(older)
	for _, b := range slices.Backward(all) {
		if b.Name == "kube-apiserver" {
			read = append(read, "v0."+strings.TrimPrefix(b.Version, "1."))
		}
	}
	return read, err
}

// download fetches a module and reads its APIs.
func download(path, version string) (module, error) {
	said, err := exec.Command("go", "mod", "download", "-json", path+"@"+version).Output()
	var at struct{ Dir, Error string }
	if e := json.Unmarshal(bytes.TrimSpace(said), &at); e != nil || at.Error != "" {
		return module{}, fmt.Errorf("%s@%s: %w %s", path, version, errors.Join(err, e), at.Error)
	}
	return readModule(path, version, at.Dir)
}
