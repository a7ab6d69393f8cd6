package shelf

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"strings"

	"github.com/gke-preflight/gke-preflight/gke/store"
	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/fleet"
	"github.com/gke-preflight/gke-preflight/preflight/render"
)

// A Book keeps a run of a fleet below runs/RUN/: what each shard sets out to do in
// shard-INDEX.json; of each cluster its row, its report and its page in
// PROJECT/LOCATION/CLUSTER.{row.json,json,html}; index.html. Without a store it keeps
// nothing.
type Book struct {
	st  *store.Store
	run string
}

// NewBook returns the book of the run; one that keeps nothing where st is nil.
func NewBook(st *store.Store, run string) *Book { return &Book{st, run} }

const (
	rowEnding  = ".row.json"
	planPrefix = "shard-"
)

var runName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$`)

// ValidRun says what is wrong with the name of a run; nil if nothing is.
func ValidRun(run string) error {
	if !runName.MatchString(run) {
		return fmt.Errorf("--run %q: a run's name has letters, digits, -, _ and . only, such as 2026-11-23", run)
	}
	return nil
}

// Close closes the store.
func (b *Book) Close() {
	if b.st != nil {
		b.st.Close()
	}
}

func (b *Book) folder() string { return "runs/" + b.run + "/" }

// below is where a cluster's files are, without ending, seen from the run's index.
func below(n fleet.Name) string {
	return PathElement(n.Project) + "/" + PathElement(n.Location) + "/" + PathElement(n.Cluster)
}

func (b *Book) put(ctx context.Context, key string, v any) error {
	content, err := json.Marshal(v)
	if err == nil {
		err = b.st.Put(ctx, key, content)
	}
	if err != nil {
		return fmt.Errorf("--reports: %s: %w", key, err)
	}
	return nil
}

// Begin keeps what a shard sets out to do. It is an error if the run, in this shard or
// another, asks something else of its clusters.
func (b *Book) Begin(ctx context.Context, p fleet.Plan) error {
	if b.st == nil {
		return nil
	}
	plans, _, _, err := b.kept(ctx)
	if err != nil {
		return err
	}
	for _, other := range plans {
		if other.Question != p.Question || other.Index != p.Index && max(other.Of, 1) != max(p.Of, 1) {
			return fmt.Errorf("--run %s: shard %s of it was begun with %s, and this is shard %s with %s: give this one another name", b.run, other.Shard, other.Question, p.Shard, p.Question)
		}
	}
	return b.put(ctx, fmt.Sprintf("%s%s%d.json", b.folder(), planPrefix, p.Index), p)
}

// Row returns the row of a cluster that the run has looked at already. One that can't
// be read is looked at again.
func (b *Book) Row(ctx context.Context, n fleet.Name) (row fleet.Row, done bool, err error) {
	if b.st == nil {
		return row, false, nil
	}
	err = b.get(ctx, b.folder()+below(n)+rowEnding, &row)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, errDamaged) {
		return row, false, nil
	}
	return row, err == nil && row.Error == "", err
}

// errDamaged is of what is kept and is no JSON.
var errDamaged = errors.New("what is kept there is damaged")

func (b *Book) get(ctx context.Context, key string, v any) error {
	content, err := b.st.Get(ctx, key)
	if err == nil && json.Unmarshal(content, v) != nil {
		err = errDamaged
	}
	if err != nil {
		return fmt.Errorf("--reports: %s: %w", key, err)
	}
	return nil
}

// Keep keeps a cluster's report, if there is one, and then its row: with the row the
// cluster is finished.
func (b *Book) Keep(ctx context.Context, row fleet.Row, r *preflight.Report) (fleet.Row, error) {
	if b.st == nil || ctx.Err() != nil {
		return row, nil
	}
	key := b.folder() + below(row.Name)
	if r != nil {
		row.Report = below(row.Name) + ".json"
		var page, report bytes.Buffer
		if err := render.HTML(&page, *r, render.Options{}); err != nil {
			return row, err
		}
		if err := render.JSON(&report, *r); err != nil {
			return row, err
		}
		for ending, content := range map[string][]byte{".html": page.Bytes(), ".json": report.Bytes()} {
			if err := b.st.Put(ctx, key+ending, content); err != nil {
				return row, fmt.Errorf("--reports: %w", err)
			}
		}
	}
	return row, b.put(ctx, key+rowEnding, row)
}

// Read returns the run's rows, and what is missing from it.
func (b *Book) Read(ctx context.Context) ([]fleet.Row, []fleet.Gap, error) {
	plans, rows, gaps, err := b.kept(ctx)
	if err != nil {
		return nil, nil, err
	}
	if len(plans) == 0 && len(gaps) == 0 {
		return nil, nil, fmt.Errorf("--run %s: there is no such run in %s", b.run, b.st)
	}
	rows = fleet.Planned(plans, rows)
	return rows, append(gaps, fleet.Unfinished(plans, rows)...), nil
}

// kept returns what there is of the run; what is damaged is a gap.
func (b *Book) kept(ctx context.Context) (plans []fleet.Plan, rows []fleet.Row, gaps []fleet.Gap, err error) {
	keys, err := b.st.List(ctx, b.folder())
	if err != nil {
		return nil, nil, nil, fmt.Errorf("--reports: %w", err)
	}
	for _, key := range keys {
		var row fleet.Row
		var plan fleet.Plan
		name := strings.TrimPrefix(key, b.folder())
		switch {
		case strings.HasSuffix(name, rowEnding):
			if err = b.get(ctx, key, &row); err == nil {
				rows = append(rows, row)
			}
		case strings.HasPrefix(name, planPrefix) && !strings.Contains(name, "/"):
			if err = b.get(ctx, key, &plan); err == nil {
				plans = append(plans, plan)
			}
		}
		if errors.Is(err, errDamaged) {
			gaps = append(gaps, fleet.Gap{Where: key, Why: errDamaged.Error()})
		} else if err != nil {
			return nil, nil, nil, err
		}
		err = nil
	}
	return plans, rows, gaps, nil
}

// Index keeps the page that leads to the clusters' pages.
func (b *Book) Index(ctx context.Context, r fleet.Report) error {
	if b.st == nil {
		return nil
	}
	var page bytes.Buffer
	if err := render.FleetHTML(&page, r, true); err != nil {
		return err
	}
	if err := b.st.Put(ctx, b.folder()+"index.html", page.Bytes()); err != nil {
		return fmt.Errorf("--reports: %w", err)
	}
	return nil
}
