package shelf

import (
	"bytes"
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
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/render"
)

// TellTimeout is how long a Pushgateway, a chat or Pub/Sub may take.
const TellTimeout = 30 * time.Second

// What stands beside a kept report TIME.json: what changed since the one before it,
// and a mark that somebody was to be told of that and could not be. A report that
// is marked so is nobody's baseline: the next one is compared with the one before.
const (
	changeEnding = ".change.json"
	untoldEnding = ".untold"
)

// beside is the key of what stands beside a kept report.
func beside(report, ending string) string { return strings.TrimSuffix(report, ".json") + ending }

// A Night is a report that is kept, and what is new in it.
type Night struct {
	// Report is the night's, and Change what differs from the last that was told of.
	Report preflight.Report
	Change change.Change

	st    *store.Store
	shelf Shelf
	key   string
	// data is Change as JSON.
	data []byte
}

// NewNight keeps the report of the cluster, and what differs from the last one; that is
// nil in the first night.
func NewNight(ctx context.Context, st *store.Store, c facts.Cluster, last *preflight.Report, r preflight.Report) (*Night, error) {
	key, err := Keep(ctx, st, c, r)
	if err != nil {
		return nil, err
	}
	what := change.Of(last, r)
	var b bytes.Buffer
	if err := render.JSON(&b, what); err != nil {
		return nil, err
	}
	if err := st.Put(ctx, beside(key, changeEnding), b.Bytes()); err != nil {
		return nil, fmt.Errorf("--reports: %w", err)
	}
	return &Night{Report: r, Change: what, st: st, shelf: Of(c), key: key, data: b.Bytes()}, nil
}

// LastTold reads the newest report of the shelf up to a key that is not marked as
// untold; nil if there is none. What can't be understood as a report is passed over,
// and named on stderr.
func LastTold(ctx context.Context, st *store.Store, on Shelf, upTo string, stderr io.Writer) (*preflight.Report, error) {
	all, err := st.List(ctx, string(on))
	if err != nil {
		return nil, fmt.Errorf("--reports: %w", err)
	}
	for _, key := range slices.Backward(all) {
		if s, ok := OfKey(key); !ok || s != on || key > upTo || slices.Contains(all, beside(key, untoldEnding)) {
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

// Tell tells of a change, if there is one and somebody to tell. Where that fails,
// a mark is left for the next run.
func (n *Night) Tell(ctx context.Context, to notify.Notifier) error {
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

func (n *Night) send(ctx context.Context, to notify.Notifier) error {
	if !n.Change.Changed {
		return nil
	}
	title, lines := render.Notice(n.Report, n.Change)
	ctx, cancel := context.WithTimeout(ctx, TellTimeout)
	defer cancel()
	c := n.Report.Cluster
	attributes := map[string]string{
		"schema": change.Schema, "verdict": string(n.Report.Verdict), "project": c.Project, "location": c.Location, "cluster": c.Name, "report": n.Place(),
	}
	maps.DeleteFunc(attributes, func(_, v string) bool { return v == "" })
	return to(ctx, notify.Message{Title: title, Lines: append(lines, "Report: "+n.Place()), Data: n.data, Attributes: attributes})
}

// Place is where the report is kept, for people.
func (n *Night) Place() string { return strings.TrimSuffix(n.st.String(), "/") + "/" + n.key }

// Prune deletes all but the newest reports of the cluster, with what stands beside
// them. This night's report stays, whatever its time.
func (n *Night) Prune(ctx context.Context, keep int) error {
	keys, err := Kept(ctx, n.st, n.shelf)
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
