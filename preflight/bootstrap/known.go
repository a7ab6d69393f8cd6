package bootstrap

import (
	"strings"
	"sync"

	"github.com/gke-preflight/gke-preflight/preflight/bootstrap/catalogue"
	"github.com/gke-preflight/gke-preflight/preflight/version"
)

// Minors returns the minors that a plan can be made for, such as 1.36, oldest first.
func Minors() []string {
	return catalogue.Lines()
}

// Tracks reports whether any minor writes an object of that resource, given with
// its group as [Write.ResourceName] has it, and that name at start-up: a
// collector that leaves out objects keeps these.
func Tracks(resource, name string) bool {
	plural, group, _ := strings.Cut(resource, ".")
	return tracked()[tracking{plural, group, name}]
}

type tracking struct{ resource, group, name string }

var tracked = sync.OnceValue(func() map[tracking]bool {
	known := map[tracking]bool{}
	for _, m := range catalogue.All() {
		plural := map[string]string{}
		for _, r := range m.Resources {
			if !strings.Contains(r.Resource, "/") {
				plural[r.Group+" "+r.Kind] = r.Resource
			}
		}
		for _, w := range m.Writes {
			kind := w.Object.GroupVersionKind()
			known[tracking{plural[kind.Group+" "+kind.Kind], kind.Group, w.Object.GetName()}] = true
		}
	}
	return known
})

// HooksOf returns the hooks of a minor, such as 1.36, in catalogue order, also
// of one that the catalogue does not hold; nil if line is no minor. That a hook
// is not among those of a minor before 1.28 does not say that there was none.
func HooksOf(line string) []Hook {
	v, err := version.Parse(line)
	if err != nil {
		return nil
	}
	var hooks []Hook
	for _, r := range rowsOf(v.Minor) {
		hooks = append(hooks, r.Hook)
	}
	return hooks
}
