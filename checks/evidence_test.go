package checks

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/forecast"
	"slices"
)

// TestEvidence resolves every piece of evidence that names a fact in the
// snapshot: nothing is claimed that was not seen.
func TestEvidence(t *testing.T) {
	for _, c := range All() {
		for _, k := range casesOf(t, c.ID) {
			for _, f := range one(k.s, c).Findings {
				for _, e := range f.Evidence {
					if e.Fact != "" {
						resolve(t, k.s, c.ID, e)
					}
				}
			}
		}
	}
}

func resolve(t *testing.T, s *facts.Snapshot, id string, e preflight.Evidence) {
	t.Helper()
	for _, f := range facts.All() {
		if f.ID() != e.Fact {
			continue
		}
		v, ok := s.Value(f)
		if !ok {
			t.Errorf("%s: evidence from %s, which is absent", id, e.Fact)
			return
		}
		got, err := at(generic(t, v), e.Path)
		if err != nil {
			t.Errorf("%s: evidence %s%s: %v", id, e.Fact, e.Path, err)
		} else if e.Value != nil && !reflect.DeepEqual(got, generic(t, e.Value)) {
			t.Errorf("%s: evidence %s%s is %v in the snapshot, not %v", id, e.Fact, e.Path, got, e.Value)
		}
		return
	}
	t.Errorf("%s: evidence names the fact %q, which there is not", id, e.Fact)
}

func generic(t *testing.T, v any) (g any) {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &g); err != nil {
		t.Fatal(err)
	}
	return g
}

// at follows a JSON Pointer.
func at(v any, path string) (any, error) {
	for _, key := range strings.Split(path, "/")[1:] {
		switch c := v.(type) {
		case map[string]any:
			next, ok := c[key]
			if !ok {
				return nil, fmt.Errorf("no %q", key)
			}
			v = next
		case []any:
			var i int
			if _, err := fmt.Sscan(key, &i); err != nil || i < 0 || i >= len(c) {
				return nil, fmt.Errorf("no element %q", key)
			}
			v = c[i]
		default:
			return nil, fmt.Errorf("nothing below %q", key)
		}
	}
	return v, nil
}

// TestNoFailureIsSilent: whatever the cases stage, a forecast that fails comes
// with a blocker that says so, and one that may fail with a blocker left open.
func TestNoFailureIsSilent(t *testing.T) {
	fails, mayFail := 0, 0
	for _, c := range All() {
		for _, k := range casesOf(t, c.ID) {
			cp := forecast.Of(k.s).ControlPlane
			if cp.Outcome != forecast.Unknown && !cp.Outcome.Fails() {
				continue
			}
			blocks, open := false, false
			for _, r := range preflight.Run(k.s, All()) {
				isBlocker := func(f preflight.Finding) bool { return f.Severity == preflight.Blocker }
				blocks = blocks || slices.ContainsFunc(r.Findings, isBlocker)
				open = open || slices.ContainsFunc(r.Open, isBlocker) || r.Status == preflight.Undecided
			}
			if cp.Outcome.Fails() {
				fails++
				if !blocks {
					t.Errorf("%s: it is foretold to be %s, and no blocker says so", k.file, cp.Outcome)
				}
				continue
			}
			mayFail++
			if !blocks && !open {
				t.Errorf("%s: what becomes of it is unknown, and nothing is left open", k.file)
			}
		}
	}
	if fails == 0 || mayFail == 0 {
		t.Errorf("%d cases fail and %d may: that proves nothing", fails, mayFail)
	}
}
