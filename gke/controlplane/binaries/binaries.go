// Package binaries knows the programs that a real control plane consists of, how
// they are built from published Go modules and where they are kept. It depends on the
// standard library alone, so that building them can start at once.
package binaries

import (
	"cmp"
	"crypto/sha256"
	"embed"
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

// modules are the go.mod and go.sum of each program, as NAME.mod and NAME.sum.
//
//go:embed modules
var modules embed.FS

// A Binary is one program, built by a go.mod of its own.
type Binary struct {
	// Name is the program's name, such as kube-apiserver.
	Name string
	// Version is what go.mod pins, such as 1.36.3.
	Version string
	// Mod and Sum are the go.mod and go.sum that it is built by.
	Mod, Sum []byte
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

type source struct{ line, name, module, pkg string }

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
	return readAll([]source{{"tofu", "tofu", "github.com/opentofu/opentofu", "github.com/opentofu/opentofu/cmd/tofu"}})
}

// All returns every program of a control plane: what Everyday does, then the older
// minors, the newest first.
func All() ([]Binary, error) {
	servers, err := apiServers(1)
	if err != nil {
		return nil, err
	}
	if len(servers) < everyday {
		return nil, fmt.Errorf("there are %d minors of kube-apiserver, fewer than %d", len(servers), everyday)
	}
	return readAll(slices.Concat(servers[:1], tools, servers[1:]))
}

// Earlier returns the kube-apiservers of earlier patches than those of All, the
// newest first: what the catalogue tells apart from them.
func Earlier() ([]Binary, error) {
	servers, err := apiServers(2)
	if err != nil {
		return nil, err
	}
	return readAll(servers)
}

func readAll(sources []source) ([]Binary, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return nil, fmt.Errorf("no directory to keep the control plane's programs in: %w; set XDG_CACHE_HOME", err)
	}
	var all []Binary
	for _, s := range sources {
		b, err := s.read(filepath.Join(cache, "gke-preflight", "controlplane"))
		if err != nil {
			return nil, err
		}
		all = append(all, b)
	}
	return all, nil
}

// apiServers are those of the modules named like v1.36, with one dot, or like
// v1.36.1, with two; the newest first.
func apiServers(dots int) ([]source, error) {
	mods, err := fs.Glob(modules, "modules/v1.*.mod")
	if err != nil {
		return nil, err
	}
	var found []source
	for _, mod := range mods {
		line := strings.TrimSuffix(strings.TrimPrefix(mod, "modules/"), ".mod")
		if strings.Count(line, ".") == dots {
			found = append(found, source{line, "kube-apiserver", "k8s.io/kubernetes", "k8s.io/kubernetes/cmd/kube-apiserver"})
		}
	}
	slices.SortFunc(found, func(a, b source) int {
		return cmp.Or(cmp.Compare(len(b.line), len(a.line)), cmp.Compare(b.line, a.line))
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
	return Binary{}, fmt.Errorf("no go.mod is known that builds %s %s", name, version)
}

// target is the make target that builds the program at that place of All and
// Earlier.
func target(i int) string {
	if i < everyday+len(tools) {
		return "controlplane"
	}
	return "controlplane-all"
}

func (s source) read(cache string) (b Binary, err error) {
	b = Binary{Name: s.name, Package: s.pkg}
	if b.Mod, err = modules.ReadFile("modules/" + s.line + ".mod"); err != nil {
		return b, err
	}
	if b.Sum, err = modules.ReadFile("modules/" + s.line + ".sum"); err != nil {
		return b, err
	}
	found := regexp.MustCompile(`(?m)^\s*` + regexp.QuoteMeta(s.module) + ` v(\S+)`).FindSubmatch(b.Mod)
	if found == nil {
		return b, fmt.Errorf("%s.mod does not require %s", s.line, s.module)
	}
	b.Version = string(found[1])
	b.LDFlags = b.linkerFlags()
	h := sha256.New()
	fmt.Fprintf(h, "%s\n%s\n%s %s %s", b.Mod, b.Sum, b.LDFlags, runtime.GOOS, runtime.GOARCH)
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
