// Package shelf keeps reports where a user says: those of a cluster by the time at which
// it was looked at, with what changed from night to night, and those of a fleet by the
// name of its run.
package shelf

import (
	"bytes"
	"context"
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/gke-preflight/gke-preflight/gke/store"
	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/render"
)

// A Shelf holds the kept reports of one cluster: PROJECT/LOCATION/CLUSTER/.
type Shelf string

// Of returns the shelf of the cluster.
func Of(c facts.Cluster) Shelf {
	return Shelf(PathElement(c.Project) + "/" + PathElement(c.Location) + "/" + PathElement(c.Name) + "/")
}

// PathElement is s as one element of a path, by which no two strings are the same:
// an unknown one is "_".
func PathElement(s string) string {
	switch s {
	case "":
		return "_"
	case "_":
		return "%5F"
	case ".":
		return "%2E"
	}
	return strings.ReplaceAll(url.PathEscape(s), "..", "%2E%2E")
}

// keptLayout is how the time at which a cluster was looked at stands in a key: keys
// sort by it, and no file system minds it.
const keptLayout = "2006-01-02T15-04-05Z"

var keptName = regexp.MustCompile(`^([^/]+/[^/]+/[^/]+/)\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ\.json$`)

// Key is where the report of that time is kept.
func (s Shelf) Key(collectedAt time.Time) string {
	return string(s) + collectedAt.UTC().Format(keptLayout) + ".json"
}

// OfKey returns the shelf of a kept report; false for any other key.
func OfKey(key string) (Shelf, bool) {
	m := keptName.FindStringSubmatch(key)
	if m == nil {
		return "", false
	}
	return Shelf(m[1]), true
}

// Kept returns the keys of the shelf's reports, the oldest first.
func Kept(ctx context.Context, st *store.Store, s Shelf) ([]string, error) {
	all, err := st.List(ctx, string(s))
	if err != nil {
		return nil, fmt.Errorf("--reports: %w", err)
	}
	keys := all[:0]
	for _, key := range all {
		if on, ok := OfKey(key); ok && on == s {
			keys = append(keys, key)
		}
	}
	return keys, nil
}

// Keep stores the report on its cluster's shelf, and returns its key there. c is the
// cluster as it was recorded: what a report says of it is cleaned for the screen.
func Keep(ctx context.Context, st *store.Store, c facts.Cluster, r preflight.Report) (string, error) {
	var b bytes.Buffer
	if err := render.JSON(&b, r); err != nil {
		return "", err
	}
	key := Of(c).Key(r.CollectedAt)
	if err := st.Put(ctx, key, b.Bytes()); err != nil {
		return "", fmt.Errorf("--reports: %w", err)
	}
	return key, nil
}

// Read reads a kept report.
func Read(ctx context.Context, st *store.Store, key string) (preflight.Report, error) {
	b, err := st.Get(ctx, key)
	if err != nil {
		return preflight.Report{}, fmt.Errorf("--reports: %w", err)
	}
	r, err := render.Parse(b)
	if err != nil {
		return r, fmt.Errorf("--reports: %s: %s: %w", st, key, err)
	}
	return r, nil
}
