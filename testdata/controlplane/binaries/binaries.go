// Package binaries knows the programs that the real control plane consists of,
// how they are built and where they are kept. It depends on the standard
// library alone, so that building them can start at once.
package binaries

import (
	"cmp"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
)

// A Binary is one program, built from the Go module in a directory of its own.
type Binary struct {
	// Name is the program's name, such as kube-apiserver.
	Name string
	// Version is what go.mod pins, such as 1.36.3.
	Version string
	// Dir holds the go.mod and go.sum that it is built by.
	Dir string
	// Package is the main package's import path.
	Package string
	// LDFlags are the linker's flags.
	LDFlags string
	// Path is where the program is kept. It may not have been built yet.
	Path string
}

// String is the name and version, such as "kube-apiserver 1.36.3".
func (b Binary) String() string { return b.Name + " " + b.Version }

// Minor is the version without its last part, such as 1.36.
func (b Binary) Minor() string { return b.Version[:strings.LastIndex(b.Version, ".")] }

// Built reports whether the program is there.
func (b Binary) Built() (bool, error) {
	_, err := os.Stat(b.Path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

type source struct{ dir, name, module, pkg string }

// tools are what an API server is tested with.
var tools = []source{
	{"etcd", "etcd", "go.etcd.io/etcd/server/v3", "go.etcd.io/etcd/server/v3"},
	{"opa", "opa", "github.com/open-policy-agent/opa", "github.com/open-policy-agent/opa"},
}

// everyday is how many minors the everyday tests need: the newest ones.
const everyday = 2

// Everyday returns what "make test" needs, in the order in which it is best
// built: etcd and OPA find in the build cache what they share with the newest
// kube-apiserver.
func Everyday() ([]Binary, error) {
	all, err := All()
	if err != nil {
		return nil, err
	}
	return all[:everyday+len(tools)], nil
}

// OpenTofu returns what the tests of the Terraform module need beside Everyday. No
// control plane needs it, and it takes minutes to build.
func OpenTofu() ([]Binary, error) {
	root, err := root()
	if err != nil {
		return nil, err
	}
	return readAll(root, []source{{"tofu", "tofu", "github.com/opentofu/opentofu", "github.com/opentofu/opentofu/cmd/tofu"}})
}

// All returns every program of a control plane: what Everyday does, then the older
// minors, the newest first.
func All() ([]Binary, error) {
	root, err := root()
	if err != nil {
		return nil, err
	}
	servers, err := apiServers(root, 1)
	if err != nil {
		return nil, err
	}
	if len(servers) < everyday {
		return nil, fmt.Errorf("%s holds %d minors of kube-apiserver, fewer than %d", root, len(servers), everyday)
	}
	return readAll(root, slices.Concat(servers[:1], tools, servers[1:]))
}

// Earlier returns the kube-apiservers of earlier patches than those of All, the
// newest first: what the catalogue tells apart from them.
func Earlier() ([]Binary, error) {
	root, err := root()
	if err != nil {
		return nil, err
	}
	servers, err := apiServers(root, 2)
	if err != nil {
		return nil, err
	}
	return readAll(root, servers)
}

func readAll(root string, sources []source) ([]Binary, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return nil, fmt.Errorf("no directory to keep the control plane's programs in: %w; set XDG_CACHE_HOME", err)
	}
	var all []Binary
	for _, s := range sources {
		b, err := s.read(root, filepath.Join(cache, "gke-preflight", "controlplane"))
		if err != nil {
			return nil, err
		}
		all = append(all, b)
	}
	return all, nil
}

// apiServers are those of the directories named like v1.36, with one dot, or like
// v1.36.1, with two; the newest first.
func apiServers(root string, dots int) ([]source, error) {
	dirs, err := filepath.Glob(filepath.Join(root, "v1.[0-9]*"))
	if err != nil {
		return nil, err
	}
	var found []source
	for _, dir := range dirs {
		if name := filepath.Base(dir); strings.Count(name, ".") == dots {
			found = append(found, source{name, "kube-apiserver", "k8s.io/kubernetes", "k8s.io/kubernetes/cmd/kube-apiserver"})
		}
	}
	slices.SortFunc(found, func(a, b source) int {
		return cmp.Or(cmp.Compare(len(b.dir), len(a.dir)), cmp.Compare(b.dir, a.dir))
	})
	return found, nil
}

// Find returns the program of that name; version is a minor, such as 1.36, or
// an earlier patch, such as 1.36.1, and may be empty where there is one version
// only. It is an error that says what to do if the program has not been built.
func Find(name, version string) (Binary, error) {
	all, err := All()
	if err != nil {
		return Binary{}, err
	}
	earlier, err := Earlier()
	if err != nil {
		return Binary{}, err
	}
	for i, b := range slices.Concat(all, earlier) {
		if b.Name != name || version != "" && b.Minor() != version && b.Version != version {
			continue
		}
		built, err := b.Built()
		if err == nil && !built {
			err = fmt.Errorf("%s is not built: run make %s", b, target(i))
		}
		return b, err
	}
	return Binary{}, fmt.Errorf("the control plane has no %s %s: see %s", name, version, filepath.Dir(all[0].Dir))
}

// target is the make target that builds the program at that place of All and
// Earlier.
func target(i int) string {
	if i < everyday+len(tools) {
		return "controlplane"
	}
	return "controlplane-all"
}

func (s source) read(root, cache string) (Binary, error) {
	b := Binary{Name: s.name, Dir: filepath.Join(root, s.dir), Package: s.pkg}
	mod, err := os.ReadFile(filepath.Join(b.Dir, "go.mod"))
	if err != nil {
		return b, err
	}
	sum, err := os.ReadFile(filepath.Join(b.Dir, "go.sum"))
	if err != nil {
		return b, err
	}
	found := regexp.MustCompile(`(?m)^\s*` + regexp.QuoteMeta(s.module) + ` v(\S+)`).FindSubmatch(mod)
	if found == nil {
		return b, fmt.Errorf("%s/go.mod does not require %s", b.Dir, s.module)
	}
	b.Version = string(found[1])
	b.LDFlags = b.linkerFlags()
	h := sha256.New()
	fmt.Fprintf(h, "%s\n%s\n%s %s %s", mod, sum, b.LDFlags, runtime.GOOS, runtime.GOARCH)
	b.Path = filepath.Join(cache, fmt.Sprintf("%s-%s-%.6x", b.Name, b.Version, h.Sum(nil)), b.Name)
	return b, nil
}

// linkerFlags tells an API server its version, and the version by which its own
// client introduces itself, as the upstream build does.
func (b Binary) linkerFlags() string {
	flags := "-s -w"
	if b.Name != "kube-apiserver" {
		return flags
	}
	major, minor, _ := strings.Cut(b.Minor(), ".")
	for _, pkg := range [...]string{"k8s.io/component-base/version", "k8s.io/client-go/pkg/version"} {
		flags += fmt.Sprintf(" -X %[1]s.gitVersion=v%[2]s -X %[1]s.gitMajor=%[3]s -X %[1]s.gitMinor=%[4]s", pkg, b.Version, major, minor)
	}
	return flags
}

// root is the directory that holds the modules: a directory that embeds nothing
// of another module can only be found by where this file was compiled.
func root() (string, error) {
	_, file, _, ok := runtime.Caller(0)
	if dir := filepath.Dir(filepath.Dir(file)); ok && filepath.IsAbs(dir) {
		return dir, nil
	}
	return "", errors.New("can't find testdata/controlplane: build without -trimpath")
}
