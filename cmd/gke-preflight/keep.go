package main

import (
	"bytes"
	"context"
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/gke-preflight/gke-preflight/gke/store"
	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/render"
)

// keepFlags say where reports are kept.
type keepFlags struct{ where string }

func (k *keepFlags) bind(cmd *cobra.Command) {
	cmd.Flags().StringVar(&k.where, "reports", "", "where reports are kept, as PROJECT/LOCATION/CLUSTER/TIME.json: a directory, file:///path or gs://BUCKET/FOLDER")
}

// open opens the place; the caller closes it.
func (k keepFlags) open(ctx context.Context) (*store.Store, error) {
	s, err := store.Open(ctx, k.where)
	if err != nil {
		return nil, fmt.Errorf("--reports: %w", err)
	}
	return s, nil
}

// A shelf holds the kept reports of one cluster: PROJECT/LOCATION/CLUSTER/.
type shelf string

func shelfOf(project, location, cluster string) shelf {
	return shelf(pathElement(project) + "/" + pathElement(location) + "/" + pathElement(cluster) + "/")
}

// pathElement is s as one element of a path, by which no two strings are the same:
// an unknown one is "_".
func pathElement(s string) string {
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

// key is where the report of that time is kept.
func (s shelf) key(collectedAt time.Time) string {
	return string(s) + collectedAt.UTC().Format(keptLayout) + ".json"
}

// shelfOfKey returns the shelf of a kept report; false for any other key.
func shelfOfKey(key string) (shelf, bool) {
	m := keptName.FindStringSubmatch(key)
	if m == nil {
		return "", false
	}
	return shelf(m[1]), true
}

// kept returns the keys of the shelf's reports, the oldest first.
func kept(ctx context.Context, st *store.Store, s shelf) ([]string, error) {
	all, err := st.List(ctx, string(s))
	if err != nil {
		return nil, fmt.Errorf("--reports: %w", err)
	}
	keys := all[:0]
	for _, key := range all {
		if on, ok := shelfOfKey(key); ok && on == s {
			keys = append(keys, key)
		}
	}
	return keys, nil
}

// keep stores the report on its cluster's shelf, and returns its key there. c is the
// cluster as it was recorded: what a report says of it is cleaned for the screen.
func keep(ctx context.Context, st *store.Store, c facts.Cluster, r preflight.Report) (string, error) {
	var b bytes.Buffer
	if err := render.JSON(&b, r); err != nil {
		return "", err
	}
	key := shelfOf(c.Project, c.Location, c.Name).key(r.CollectedAt)
	if err := st.Put(ctx, key, b.Bytes()); err != nil {
		return "", fmt.Errorf("--reports: %w", err)
	}
	return key, nil
}

// readKept reads a kept report.
func readKept(ctx context.Context, st *store.Store, key string) (preflight.Report, error) {
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
