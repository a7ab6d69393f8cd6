package checks

import (
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/forecast"
)

// TestEarlierRecording takes from a recording what the first version did not look for:
// it is as ready as it was, and each fact is named. What any version looked for can't be
// taken away so.
func TestEarlierRecording(t *testing.T) {
	whole := recording(t, nil)
	if v := verdict(whole); v != preflight.Ready {
		t.Fatalf("the whole recording is %s", v)
	}
	var later []string
	for _, f := range facts.All() {
		s := recording(t, []string{f.ID()})
		a, _ := s.Absence(f)
		if a.Reason == facts.EarlierVersion {
			later = append(later, f.ID())
		} else if declares([]facts.Fact{facts.ValidatingWebhooks, facts.MutatingWebhooks, facts.Attempts, facts.Services}, f) && verdict(s) == preflight.Ready {
			t.Errorf("READY without %s", f.ID())
		}
	}
	s := recording(t, later)
	r := preflight.NewReport(s, preflight.Run(s, All()), forecast.Of(s))
	if r.Verdict != preflight.Ready || len(later) < 10 {
		t.Errorf("without %s it is %s", strings.Join(later, ", "), r.Verdict)
	}
	for _, f := range r.Facts {
		if slices.Contains(later, f.ID) && (f.Present || f.Reason != facts.EarlierVersion) {
			t.Errorf("%s is not named as what was not looked for: %+v", f.ID, f)
		}
	}
}

// recording is the recording of a healthy cluster, whose webhook has a replica in each node
// pool, without those facts, as an earlier version would have made it.
func recording(t *testing.T, without []string) *facts.Snapshot {
	t.Helper()
	files := fstest.MapFS{}
	err := replicas(allClear(t), "gke-prod-batch-2c104bc0-0000").Files(func(name string, content []byte) error {
		if !slices.Contains(without, stem(name)) {
			files[name] = &fstest.MapFile{Data: slices.Clone(content)}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	s, err := facts.Load(files)
	if err != nil {
		t.Fatal(err)
	}
	return s
}
