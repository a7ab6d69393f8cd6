package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	apiversion "k8s.io/apimachinery/pkg/version"

	"github.com/gke-preflight/gke-preflight/preflight/removals"
	"github.com/gke-preflight/gke-preflight/preflight/version"
)

const header = `# Made by "make removals" from the modules that origin names: do not edit.
`

// table joins what the modules say. The newest module that has a type tells of
// it; the minor after that has dropped it.
func table(read []module) ([]byte, error) {
	rows := map[string]removals.API{}
	for _, m := range read {
		has := map[string]bool{}
		for _, a := range m.apis {
			has[a.String()] = true
			rows[a.String()] = a
		}
		for name, a := range rows {
			if a.Gone == "" && strings.HasPrefix(a.Origin, m.path+"@") && !has[name] {
				a.Gone = m.line()
				rows[name] = a
			}
		}
	}
	var all []removals.API
	for _, a := range rows {
		if stable(a) && a.Deprecated == "" && a.Removed == "" {
			continue
		}
		a.Removed = earlier(a.Removed, a.Gone)
		all = append(all, a)
	}
	slices.SortFunc(all, func(a, b removals.API) int {
		return cmp.Or(strings.Compare(a.Group, b.Group), strings.Compare(a.Resource, b.Resource), apiversion.CompareKubeAwareVersionStrings(a.Version, b.Version))
	})
	return encode(all)
}

func stable(a removals.API) bool {
	return !strings.Contains(a.Version, "alpha") && !strings.Contains(a.Version, "beta")
}

// earlier returns the earlier of two minors, the other where one is empty.
func earlier(a, b string) string {
	v, errA := version.Parse(a)
	w, errB := version.Parse(b)
	if errA != nil || errB == nil && version.CompareLine(w, v) < 0 {
		return b
	}
	return a
}

// encode writes one line for each row: a diff shows what has changed.
func encode(all []removals.API) ([]byte, error) {
	var b bytes.Buffer
	b.WriteString(header)
	for _, a := range all {
		row, err := json.Marshal(a)
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(&b, "- %s\n", row)
	}
	return b.Bytes(), nil
}
