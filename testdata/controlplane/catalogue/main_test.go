package main

import (
	"os"
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gke-preflight/gke-preflight/gke/controlplane/binaries"
	"github.com/gke-preflight/gke-preflight/gke/controlplane/rig"
	"github.com/gke-preflight/gke-preflight/preflight/bootstrap/catalogue"
)

func TestMain(m *testing.M) { os.Exit(rig.Main(m)) }

// TestRecordIsReproducible records each tested minor anew: the files come out as
// they are committed, byte for byte. The other minors are taken from the record.
func TestRecordIsReproducible(t *testing.T) {
	rig.Require(t)
	tested, err := binaries.Tested()
	if err != nil {
		t.Fatal(err)
	}
	all := slices.Clone(catalogue.All())
	var mu sync.Mutex
	t.Run("record", func(t *testing.T) {
		for _, minor := range tested {
			t.Run(minor, func(t *testing.T) {
				t.Parallel()
				m, err := record(t.Context(), minor)
				if err != nil {
					t.Fatal(err)
				}
				mu.Lock()
				defer mu.Unlock()
				i := slices.IndexFunc(all, func(m catalogue.Minor) bool { return m.Line() == minor })
				if i < 0 {
					t.Fatal("not on record: run make catalogue")
				}
				all[i] = m
			})
		}
	})
	files, err := catalogue.Encode(all)
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
