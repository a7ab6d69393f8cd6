// Package removals knows which versions of Kubernetes' own APIs come and go with
// which minor. Its data are made by "make removals" from the lifecycle methods of
// the published modules; docs/deprecated-apis.md says how to read them.
package removals

import (
	_ "embed"
	"slices"
	"strings"
	"sync"

	"sigs.k8s.io/yaml"

	"github.com/gke-preflight/gke-preflight/preflight/version"
)

// Newest returns the last minor whose modules the table was made from. What a
// later one removes beyond what was announced by then is not in it.
func Newest() string { return newest() }

var newest = sync.OnceValue(func() string {
	var last version.Version
	for _, a := range table() {
		_, at, _ := strings.Cut(a.Origin, "@v0.")
		if v, err := version.Parse("1." + at[:max(0, strings.IndexByte(at, '/'))]); err == nil && version.CompareLine(v, last) > 0 {
			last = v
		}
	}
	return last.Line()
})

// An API is one version of one resource that is or was served before it was
// stable, or that is deprecated.
type API struct {
	Group   string `json:"group"`
	Version string `json:"version"`
	Kind    string `json:"kind"`
	// Resource is the plural name.
	Resource   string `json:"resource"`
	Namespaced bool   `json:"namespaced,omitempty"`
	// Introduced is the minor that served it first; empty where the source does not say.
	Introduced string `json:"introduced,omitempty"`
	// Deprecated is the minor from which on its use draws a warning; empty where
	// the source does not say.
	Deprecated string `json:"deprecated,omitempty"`
	// Removed is the first minor that does not serve it, the earlier of what the
	// type's lifecycle announces and Gone; empty if neither is known.
	Removed string `json:"removed,omitempty"`
	// Gone is the first minor whose module no longer has the type; empty if the
	// newest still has it.
	Gone string `json:"gone,omitempty"`
	// Replacement is group/version/Kind of what takes its place, as the source
	// says; empty if it says nothing.
	Replacement string `json:"replacement,omitempty"`
	// Origin is the module, its version and the directory that the row was read from.
	Origin string `json:"origin"`
}

// APIVersion is group/version, as manifests write it.
func (a API) APIVersion() string {
	if a.Group == "" {
		return a.Version
	}
	return a.Group + "/" + a.Version
}

// String returns resource.version.group, as kubectl takes it.
func (a API) String() string {
	return strings.TrimSuffix(a.Resource+"."+a.Version+"."+a.Group, ".")
}

// ServedIn reports whether v still has a; true where no removal is known.
func (a API) ServedIn(v version.Version) bool {
	removed, err := version.Parse(a.Removed)
	return err != nil || version.CompareLine(v, removed) < 0
}

//go:embed removals.yaml
var data []byte

var table = sync.OnceValue(func() []API {
	var all []API
	if err := yaml.UnmarshalStrict(data, &all); err != nil {
		panic("removals: " + err.Error())
	}
	return all
})

// All returns every API of the table, by group, resource and version.
func All() []API { return slices.Clone(table()) }

// Of returns the API that serves resource, a plural name, at group and version,
// or false where the table has none: it is stable, or not Kubernetes' own.
func Of(group, version, resource string) (API, bool) {
	return find(group, version, func(a API) bool { return a.Resource == resource })
}

// OfKind is [Of] by kind, as manifests name it.
func OfKind(group, version, kind string) (API, bool) {
	return find(group, version, func(a API) bool { return a.Kind == kind })
}

func find(group, version string, is func(API) bool) (API, bool) {
	for _, a := range table() {
		if a.Group == group && a.Version == version && is(a) {
			return a, true
		}
	}
	return API{}, false
}
