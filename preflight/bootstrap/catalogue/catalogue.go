// Package catalogue is the record of what kube-apiserver of each minor writes
// when it starts over an empty etcd, and of what it serves.
//
// Its data are made by "make catalogue" from the audit logs of real API servers.
package catalogue

import (
	"cmp"
	"embed"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/json"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// A Minor is what was recorded of one minor. Nothing of it may be changed.
type Minor struct {
	// Version is that of the API server that was recorded, such as 1.36.3: the
	// newest patch of the minor that is on record.
	Version string
	// Writes are what it wrote as system:apiserver, sorted by hook, object and verb.
	Writes []Write
	// Resources are what it served, sorted by group, version and name.
	Resources []facts.APIResource
	// Earlier are earlier patches of the minor, the oldest first; nil where none is
	// on record. They have no earlier ones themselves.
	Earlier []Minor
}

// Line is the minor alone, such as 1.36.
func (m Minor) Line() string { return m.Version[:strings.LastIndexByte(m.Version, '.')] }

// A Write is one write of a fresh start.
type Write struct {
	// Hook is the PostStartHook, or the health check waiting for it, that made it.
	Hook string `json:"hook"`
	// Verb is the admission operation: CREATE or UPDATE.
	Verb string `json:"verb"`
	// Subresource is empty for the object itself.
	Subresource string `json:"subresource,omitempty"`
	// Object is what mutating admission is given: what was sent, with the defaults
	// that the API server adds. What differs from start to start is left out or
	// has one of the names below.
	Object *unstructured.Unstructured `json:"object"`
}

// What stands in the record for what is different on every machine.
const (
	// Host is the host name of the API server that starts.
	Host = "new-replica"
	// Lease is the name of its identity lease. A real one ends in a hash of the host name.
	Lease = "apiserver-new-replica"
	// Address is its IP address (RFC 5737).
	Address = "192.0.2.1"
	// Moment ends the name of an Event, which is the time in nanoseconds.
	Moment = "0000000000000000"
)

// key identifies a write within its minor.
func (w Write) key() string {
	return fmt.Sprintf("%s %s %s/%s %s %s", w.Hook, w.Object.GetKind(), w.Object.GetNamespace(), w.Object.GetName(), w.Subresource, w.Verb)
}

func resourceKey(r facts.APIResource) string { return r.Group + "/" + r.Version + "/" + r.Resource }

//go:embed data/*.json
var data embed.FS

// All returns every minor on record, the oldest first, each as its newest patch.
func All() []Minor { return all() }

// Around returns the patches of the minor on record that a patch lies between:
// twice that one where it is on record itself, twice the first or the last where
// it comes before or after them all, and twice the last for -1.
func (m Minor) Around(patch int) (before, after Minor) {
	patches := append(slices.Clone(m.Earlier), m)
	i, found := slices.BinarySearchFunc(patches, patch, func(p Minor, patch int) int { return cmp.Compare(p.patch(), patch) })
	switch {
	case patch < 0 || i == len(patches):
		return m, m
	case found || i == 0:
		return patches[i], patches[i]
	}
	return patches[i-1], patches[i]
}

func (m Minor) patch() int {
	n, err := strconv.Atoi(m.Version[len(m.Line())+1:])
	if err != nil {
		panic(fmt.Sprintf("catalogue: version %s: %v", m.Version, err))
	}
	return n
}

// Find returns the minor of that line, such as 1.36, or false if it is not on record.
func Find(line string) (Minor, bool) {
	for _, m := range All() {
		if m.Line() == line {
			return m, true
		}
	}
	return Minor{}, false
}

// Lines returns the lines of All, such as 1.36, without reading what was recorded of them.
func Lines() []string {
	var lines []string
	for _, name := range files() {
		if !earlier(name) {
			lines = append(lines, strings.TrimSuffix(name, ".json"))
		}
	}
	return lines
}

func files() []string {
	entries, err := data.ReadDir("data")
	if err != nil {
		panic(err)
	}
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = e.Name()
	}
	return names
}

var all = sync.OnceValue(func() []Minor {
	var minors []Minor
	var last Minor
	names := files()
	for _, name := range names {
		if !earlier(name) {
			last = mustRead(last, name)
			minors = append(minors, last)
		}
	}
	for _, name := range names {
		if earlier(name) {
			i := slices.IndexFunc(minors, func(m Minor) bool { return strings.HasPrefix(name, m.Line()+".") })
			minors[i].Earlier = append(minors[i].Earlier, mustRead(minors[i], name))
			slices.SortFunc(minors[i].Earlier, func(a, b Minor) int { return cmp.Compare(a.patch(), b.patch()) })
		}
	}
	return minors
})

// earlier reports whether the file is of an earlier patch: 1.36.1.json, and not 1.36.json.
func earlier(file string) bool { return strings.Count(file, ".") > 2 }

func mustRead(base Minor, file string) Minor {
	b, err := data.ReadFile("data/" + file)
	if err == nil {
		base, err = base.after(b)
	}
	if err != nil {
		panic(fmt.Sprintf("catalogue: %s: %v", file, err))
	}
	return base
}

// after returns the minor that follows m, or the patch before it, from the file of
// differences.
func (m Minor) after(b []byte) (Minor, error) {
	var f file
	if refused, err := json.UnmarshalStrict(b, &f); err != nil || refused != nil {
		return Minor{}, errors.Join(append(refused, err)...)
	}
	return Minor{
		Version:   f.Version,
		Writes:    apply(m.Writes, f.Writes, f.GoneWrites, Write.key),
		Resources: apply(m.Resources, f.Resources, f.GoneResources, resourceKey),
	}, nil
}

func apply[T any](base, changed []T, gone []string, key func(T) string) []T {
	next := make(map[string]T, len(base)+len(changed))
	for _, b := range base {
		next[key(b)] = b
	}
	for _, k := range gone {
		delete(next, k)
	}
	for _, c := range changed {
		next[key(c)] = c
	}
	sorted := make([]T, 0, len(next))
	for _, k := range slices.Sorted(maps.Keys(next)) {
		sorted = append(sorted, next[k])
	}
	return sorted
}
