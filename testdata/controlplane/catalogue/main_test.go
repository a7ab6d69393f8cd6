package main

import (
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gke-preflight/gke-preflight/preflight/bootstrap/catalogue"
	"github.com/gke-preflight/gke-preflight/testdata/controlplane"
)

func TestMain(m *testing.M) { os.Exit(controlplane.Main(m)) }

// TestRecordIsReproducible records each minor anew: the files come out as they
// are committed, byte for byte.
func TestRecordIsReproducible(t *testing.T) {
	controlplane.Require(t)
	lines, err := minors()
	if err != nil {
		t.Fatal(err)
	}
	recorded := make([]catalogue.Minor, len(lines))
	t.Run("record", func(t *testing.T) {
		for i, line := range lines {
			t.Run(line, func(t *testing.T) {
				t.Parallel()
				var err error
				if recorded[i], err = record(t.Context(), line); err != nil {
					t.Fatal(err)
				}
			})
		}
	})
	files, err := catalogue.Encode(recorded)
	if err != nil {
		t.Fatal(err)
	}
	for name, got := range files {
		want, err := os.ReadFile("../../../" + directory + "/" + name)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(string(want), string(got)); d != "" {
			t.Errorf("%s (- committed, + recorded now):\n%s", name, d)
		}
	}
}
