package version_test

import (
	"slices"
	"testing"

	"github.com/gke-preflight/gke-preflight/preflight/version"
)

func TestChange(t *testing.T) {
	for text, want := range map[string]bool{
		"1.36.9": false, "v1.37.0-beta.0": true, "1.37": true, "1.37.2-gke.100": true, "1.38.0": true, "2.0": true, "": false, "latest": false,
	} {
		if got := version.SkipsReviews.In(text); got != want {
			t.Errorf("%q: %t, want %t", text, got, want)
		}
	}
	if got := version.SkipsReviews.Last(); got != "1.36" {
		t.Errorf("the last minor without it is %s", got)
	}
}

func TestChanges(t *testing.T) {
	all := version.Changes()
	if !slices.IsSortedFunc(all, func(a, b version.Change) int {
		va, _ := version.Parse(a.Since)
		vb, _ := version.Parse(b.Since)
		return version.CompareLine(va, vb)
	}) {
		t.Error("they are not in the order of their minors")
	}
	for _, c := range all {
		if c.What == "" || c.Source == "" || !c.In(c.Since) || c.In(c.Last()) {
			t.Errorf("%+v", c)
		}
	}
}
