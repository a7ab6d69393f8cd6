package shelf

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gke-preflight/gke-preflight/gke/store"
	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// TestKept keeps the reports of clusters whose names are those of paths, and finds
// each cluster's own, in order, and nothing else.
func TestKept(t *testing.T) {
	ctx := t.Context()
	st, err := store.Open(ctx, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	clusters := []facts.Cluster{
		{}, {Name: "_"}, {Name: "."}, {Name: ".."}, {Name: "../.."}, {Name: "a/b"}, {Name: "a%2Fb"}, {Name: "a"}, {Project: "a", Name: "b"}, {Project: "a/b"},
		{Project: "example.com:acme", Location: "europe-west1", Name: "prod"}, {Project: "example.com:acme", Location: "europe-west1", Name: "prod-2"},
		{Name: "arn:aws:eks:x:1:cluster/é ü\n"},
	}
	first := time.Date(2026, 11, 23, 2, 0, 0, 0, time.UTC)
	for _, c := range clusters {
		for day := range 2 {
			r := preflight.Report{Schema: preflight.ReportSchema, Verdict: preflight.Ready, Tool: c.Name, CollectedAt: first.AddDate(0, 0, day)}
			if _, err := Keep(ctx, st, c, r); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, key := range []string{"example.com:acme/europe-west1/prod/notes.json", "example.com:acme/europe-west1/prod/2026-11-23T02-00-00Z.json.bak", "example.com:acme/europe-west1/prod/x/2026-11-23T02-00-00Z.json"} {
		if err := st.Put(ctx, key, nil); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range clusters {
		s := Of(c)
		keys, err := Kept(ctx, st, s)
		if want := []string{s.Key(first), s.Key(first.AddDate(0, 0, 1))}; err != nil || cmp.Diff(want, keys) != "" {
			t.Errorf("%+v: %v %s", c, err, cmp.Diff(want, keys))
			continue
		}
		if r, err := Read(ctx, st, keys[1]); err != nil || r.Tool != preflight.Clean(c.Name) || !r.CollectedAt.Equal(first.AddDate(0, 0, 1)) {
			t.Errorf("%+v: read %+v, %v", c, r, err)
		}
		if on, ok := OfKey(keys[0]); !ok || on != s {
			t.Errorf("%s is on shelf %q", keys[0], on)
		}
	}
	if _, err := Read(ctx, st, "example.com:acme/europe-west1/prod/notes.json"); err == nil {
		t.Error("what is no report was read as one")
	}
}
