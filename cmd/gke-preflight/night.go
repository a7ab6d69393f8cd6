package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/gke-preflight/gke-preflight/gke/notify"
	"github.com/gke-preflight/gke-preflight/gke/store"
	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/change"
	"github.com/gke-preflight/gke-preflight/preflight/render"
)

// tellTimeout is how long a Pushgateway, a chat or Pub/Sub may take.
const tellTimeout = 30 * time.Second

// What stands beside a kept report TIME.json: what changed since the one before it,
// and a mark that somebody was to be told of that and could not be. A report that
// is marked so is nobody's baseline: the next one is compared with the one before.
const (
	changeEnding = ".change.json"
	untoldEnding = ".untold"
)

// beside is the key of what stands beside a kept report.
func beside(report, ending string) string { return strings.TrimSuffix(report, ".json") + ending }

// A night is a report that is kept, and what is new in it.
type night struct {
	st     *store.Store
	shelf  shelf
	key    string
	report preflight.Report
	change change.Change
	// data is change as JSON.
	data []byte
}

// lastTold reads the newest report of the shelf up to a key that is not marked as
// untold; nil if there is none. What can't be understood as a report is passed over,
// and named on stderr.
func lastTold(ctx context.Context, st *store.Store, on shelf, upTo string, stderr io.Writer) (*preflight.Report, error) {
	all, err := st.List(ctx, string(on))
	if err != nil {
		return nil, fmt.Errorf("--reports: %w", err)
	}
	for _, key := range slices.Backward(all) {
		if s, ok := shelfOfKey(key); !ok || s != on || key > upTo || slices.Contains(all, beside(key, untoldEnding)) {
			continue
		}
		b, err := st.Get(ctx, key)
		if err != nil {
			return nil, fmt.Errorf("--reports: %w", err)
		}
		r, err := render.Parse(b)
		if err == nil {
			return &r, nil
		}
		fmt.Fprintf(stderr, "gke-preflight: compared with an earlier report, for of %s in %s %v\n", key, st, err)
	}
	return nil, nil
}

// tell tells of a change, if there is one and somebody to tell. Where that fails,
// a mark is left for the next run.
func (n *night) tell(ctx context.Context, to notify.Notifier) error {
	if to == nil {
		return nil
	}
	mark := beside(n.key, untoldEnding)
	if err := n.send(ctx, to); err != nil {
		// The mark is left also by a run that is interrupted here.
		if failed := n.st.Put(context.WithoutCancel(ctx), mark, nil); failed != nil {
			return fmt.Errorf("--notify: %w; and the next run won't tell of it, either: %w", err, failed)
		}
		return fmt.Errorf("--notify: %w; the report is kept, and the next run tells of the change, if it is still there", err)
	}
	return n.st.Delete(ctx, mark)
}

func (n *night) send(ctx context.Context, to notify.Notifier) error {
	if !n.change.Changed {
		return nil
	}
	title, lines := render.Notice(n.report, n.change)
	ctx, cancel := context.WithTimeout(ctx, tellTimeout)
	defer cancel()
	c := n.report.Cluster
	attributes := map[string]string{
		"schema": change.Schema, "verdict": string(n.report.Verdict), "project": c.Project, "location": c.Location, "cluster": c.Name, "report": n.place(),
	}
	maps.DeleteFunc(attributes, func(_, v string) bool { return v == "" })
	return to(ctx, notify.Message{Title: title, Lines: append(lines, "Report: "+n.place()), Data: n.data, Attributes: attributes})
}

// place is where the report is kept, for people.
func (n *night) place() string { return strings.TrimSuffix(n.st.String(), "/") + "/" + n.key }

// prune deletes all but the newest reports of the cluster, with what stands beside
// them. This night's report stays, whatever its time.
func (n *night) prune(ctx context.Context, keep int) error {
	keys, err := kept(ctx, n.st, n.shelf)
	if err != nil {
		return err
	}
	for _, key := range keys[:max(0, len(keys)-keep)] {
		if key == n.key {
			continue
		}
		for _, ending := range []string{changeEnding, untoldEnding, ".json"} {
			if err := n.st.Delete(ctx, beside(key, ending)); err != nil {
				return fmt.Errorf("--keep: %w", err)
			}
		}
	}
	return nil
}
