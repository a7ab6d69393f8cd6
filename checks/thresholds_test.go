package checks

import (
	"testing"

	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// TestThresholds proves that a check reads each threshold that it declares: at one
// end of its range the check says something else of one of its cases. At its
// default, written out, it says the same.
func TestThresholds(t *testing.T) {
	for _, c := range All() {
		for _, h := range c.Thresholds {
			read := false
			for _, k := range casesOf(t, c.ID) {
				at := func(v int) string { return text(one(moved(k.s, h, v), c)) }
				said := text(one(k.s, c))
				read = read || at(h.Min) != said || at(h.Max) != said
				if at(h.Default) != said {
					t.Errorf("%s, %s: at the default of %s it says something else", c.ID, k.file, h.Name)
				}
			}
			if !read {
				t.Errorf("%s: no case comes out otherwise for another %s", c.ID, h.Name)
			}
		}
	}
}

func moved(s *facts.Snapshot, h preflight.Threshold, v int) *facts.Snapshot {
	return preflight.MoveThresholds(s, map[string]int{h.Key(): v})
}
