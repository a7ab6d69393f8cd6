// Package release makes a release of the last commit as goreleaser does, but for what it
// would publish on GitHub, and installs it in each of the ways that the manual shows.
package release

import (
	"archive/tar"
	"compress/gzip"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"go.yaml.in/yaml/v3"
)

const (
	root    = "../.."
	version = "v0.0.1"
	plugin  = "kubectl-gke_preflight"
	archive = "gke-preflight_linux_" + runtime.GOARCH + ".tar.gz"
	// from is where a release's archive is for everybody.
	from = "https://github.com/gke-preflight/gke-preflight/releases/download/" + version + "/" + archive
)

// A made release is in dist; where image is pushed to is a registry of this process.
type made struct {
	dist, image, sha256 string
}

// TestRelease needs a minute or many: it builds the program twice.
func TestRelease(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Fatal("the release is made and installed on Linux")
	}
	m := makeRelease(t)
	t.Run("Checksum", m.checksum)
	t.Run("Krew", m.krew)
	t.Run("Homebrew", m.homebrew)
	t.Run("Image", m.pushed)
}

// makeRelease tags a clone, and lets goreleaser make of it what it makes for this system.
func makeRelease(t *testing.T) made {
	t.Helper()
	server := httptest.NewServer(registry.New(registry.Logger(quiet)))
	t.Cleanup(server.Close)
	at := "localhost" + server.URL[strings.LastIndex(server.URL, ":"):]
	base, err := name.ParseReference(at + "/base:latest")
	if err != nil {
		t.Fatal(err)
	}
	// The base is an empty one: what is tested is what is put on it.
	var onlyThis v1.ConfigFile
	onlyThis.OS, onlyThis.Architecture = "linux", runtime.GOARCH
	nothing, err := mutate.ConfigFile(empty.Image, &onlyThis)
	if err == nil {
		err = remote.Write(base, nothing)
	}
	if err != nil {
		t.Fatal(err)
	}
	clone := t.TempDir()
	run(t, nil, "git", "clone", "--quiet", root, clone)
	run(t, nil, "git", "-C", clone, "tag", version)
	config := filepath.Join(t.TempDir(), "goreleaser.yaml")
	forThisSystem(t, config, base.Name())
	cmd := exec.Command("go", "run", os.Getenv("GORELEASER"), "release", "--clean", "--skip=announce,sbom", "--config", config)
	cmd.Dir = clone
	cmd.Env = append(os.Environ(), "GOFLAGS=", "GITHUB_TOKEN=none", "KO_DOCKER_REPO="+at+"/gke-preflight")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	m := made{dist: filepath.Join(clone, "dist"), image: at + "/gke-preflight"}
	m.sha256 = fmt.Sprintf("%x", sha256.Sum256([]byte(contents(t, m.dist, archive))))
	return m
}

// forThisSystem writes the configuration, with this system alone, on another base, and
// without what would be published on GitHub.
func forThisSystem(t *testing.T, to, base string) {
	t.Helper()
	var c struct {
		Builds  []map[string]any
		Kos     []map[string]any
		Release map[string]any
		Rest    map[string]any `yaml:",inline"`
	}
	if err := yaml.Unmarshal([]byte(contents(t, root, ".goreleaser.yaml")), &c); err != nil {
		t.Fatal(err)
	}
	if len(c.Builds) != 1 || len(c.Kos) != 1 {
		t.Fatalf("%d builds, %d images", len(c.Builds), len(c.Kos))
	}
	c.Builds[0]["goos"], c.Builds[0]["goarch"] = []string{"linux"}, []string{runtime.GOARCH}
	c.Kos[0]["platforms"], c.Kos[0]["base_image"] = []string{"linux/" + runtime.GOARCH}, base
	c.Release["disable"] = true
	b, err := yaml.Marshal(c)
	if err == nil {
		err = os.WriteFile(to, b, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// What checksums.txt says is what the action, and whoever downloads the archive, holds
// against it.
func (m made) checksum(t *testing.T) {
	cmd := exec.Command("sha256sum", "--check", "--ignore-missing", "checksums.txt")
	cmd.Dir = m.dist
	if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), archive+": OK") {
		t.Errorf("%v\n%s", err, out)
	}
	dir := t.TempDir()
	unpack(t, filepath.Join(m.dist, archive), dir)
	for _, file := range []string{plugin, "LICENSE", "README.md"} {
		if _, err := os.Stat(filepath.Join(dir, file)); err != nil {
			t.Error(err)
		}
	}
}

// krew unpacks what its manifest names, and links the program to where kubectl finds it.
func (m made) krew(t *testing.T) {
	var manifest struct {
		Metadata struct{ Name string }
		Spec     struct {
			Version   string
			Platforms []struct {
				Bin, URI, SHA256 string
				Selector         struct {
					MatchLabels map[string]string `yaml:"matchLabels"`
				}
			}
		}
	}
	if err := yaml.Unmarshal([]byte(contents(t, m.dist, "krew/gke-preflight.yaml")), &manifest); err != nil {
		t.Fatal(err)
	}
	if manifest.Spec.Version != version || len(manifest.Spec.Platforms) != 1 {
		t.Fatalf("%+v", manifest)
	}
	p := manifest.Spec.Platforms[0]
	if p.URI != from || p.SHA256 != m.sha256 || p.Selector.MatchLabels["os"] != "linux" || p.Selector.MatchLabels["arch"] != runtime.GOARCH {
		t.Errorf("%+v is not of the archive with the SHA-256 %s", p, m.sha256)
	}
	store, bin := t.TempDir(), t.TempDir()
	unpack(t, filepath.Join(m.dist, archive), store)
	as := "kubectl-" + strings.ReplaceAll(manifest.Metadata.Name, "-", "_")
	if err := os.Symlink(filepath.Join(store, p.Bin), filepath.Join(bin, as)); err != nil {
		t.Fatal(err)
	}
	path := "PATH=" + bin + ":" + os.Getenv("PATH")
	works(t, path, "kubectl", manifest.Metadata.Name)
}

// homebrew runs the formula's installation and its test by a stand-in of Homebrew.
func (m made) homebrew(t *testing.T) {
	prefix := t.TempDir()
	out := run(t, nil, "ruby", "homebrew.rb", filepath.Join(m.dist, "homebrew/gke-preflight.rb"), filepath.Join(m.dist, archive), prefix)
	if want := from + " " + m.sha256 + "\n"; out != want {
		t.Errorf("%s\nwant %s", out, want)
	}
	path := "PATH=" + prefix + "/bin:" + os.Getenv("PATH")
	works(t, path, filepath.Join(prefix, "bin/gke-preflight"))
	works(t, path, "kubectl", "gke-preflight")
	if out := run(t, []string{path}, "kubectl_complete-gke_preflight", "dem"); !strings.Contains(out, "demo") {
		t.Errorf("it completes nothing: %s", out)
	}
	bash := filepath.Join(prefix, "etc/bash_completion.d/gke-preflight")
	run(t, []string{path}, "bash", "-c", `source "$0"; complete -p gke-preflight`, bash)
	for _, file := range []string{"share/zsh/site-functions/_gke-preflight", "share/fish/vendor_completions.d/gke-preflight.fish"} {
		if !strings.Contains(contents(t, prefix, file), "gke-preflight") {
			t.Errorf("%s is not about it", file)
		}
	}
}

// works holds that an installed program runs, tells the release, and has its demo.
func works(t *testing.T, path string, command ...string) {
	t.Helper()
	call := func(args ...string) string {
		return run(t, []string{path}, command[0], append(command[1:len(command):len(command)], args...)...)
	}
	if out := call("version"); !strings.Contains(out, version) || !strings.Contains(out, "k8s.io/apiserver v0.") {
		t.Errorf("%v version: %s", command, out)
	}
	if out := call("demo"); !strings.Contains(out, "NOT READY") {
		t.Errorf("%v demo: %s", command, out)
	}
}

// run returns what a program prints to standard output.
func run(t *testing.T, env []string, program string, args ...string) string {
	t.Helper()
	if len(env) > 0 {
		for dir := range strings.SplitSeq(strings.TrimPrefix(env[0], "PATH="), ":") {
			if _, err := os.Stat(filepath.Join(dir, program)); err == nil && !filepath.IsAbs(program) {
				program = filepath.Join(dir, program)
			}
		}
	}
	cmd := exec.Command(program, args...)
	cmd.Env = append(os.Environ(), env...)
	out, err := cmd.Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			out = append(out, exit.Stderr...)
		}
		t.Fatalf("%s %v: %v\n%s", program, args, err, out)
	}
	return string(out)
}

func contents(t *testing.T, dir, file string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, file))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// unpack unpacks a file that tar and gzip made.
func unpack(t *testing.T, file, dir string) {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	untar(t, z, dir)
}

func untar(t *testing.T, r io.Reader, dir string) {
	t.Helper()
	for files := tar.NewReader(r); ; {
		h, err := files.Next()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		if h.Typeflag != tar.TypeReg {
			continue
		}
		b, err := io.ReadAll(files)
		to := filepath.Join(dir, filepath.Clean("/"+h.Name))
		if err := errors.Join(err, os.MkdirAll(filepath.Dir(to), 0o755), os.WriteFile(to, b, h.FileInfo().Mode().Perm())); err != nil {
			t.Fatal(err)
		}
	}
}
