package store_test

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gke-preflight/gke-preflight/gke/store"
)

func TestDirectory(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "not", "there yet")
	for _, where := range []string{dir, "file://" + dir} {
		t.Run(where[:4], func(t *testing.T) {
			ctx := t.Context()
			s, err := store.Open(ctx, where)
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			if _, err := s.Get(ctx, "p/l/c.json"); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("nothing is kept, but the error is %v", err)
			}
			for _, content := range []string{"longer than the next", "next"} {
				if err := s.Put(ctx, "p/l/c.json", []byte(content)); err != nil {
					t.Fatal(err)
				}
			}
			if err := s.Put(ctx, "other/x.json", nil); err != nil {
				t.Fatal(err)
			}
			onDisk, err := os.ReadFile(filepath.Join(dir, "p", "l", "c.json"))
			if err != nil || string(onDisk) != "next" {
				t.Errorf("a person finds %q, %v in the directory", onDisk, err)
			}
			keys, err := s.List(ctx, "")
			if want := []string{"other/x.json", "p/l/c.json"}; err != nil || cmp.Diff(want, keys) != "" {
				t.Errorf("keys: %v %v", cmp.Diff(want, keys), err)
			}
			for range 2 {
				if err := s.Delete(ctx, "p/l/c.json"); err != nil {
					t.Error(err)
				}
			}
			if keys, err = s.List(ctx, "p/"); err != nil || len(keys) != 0 {
				t.Errorf("after the removal: %v %v", keys, err)
			}
		})
	}
}

func TestBadPlaces(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for where, says := range map[string]string{
		"":                "is missing",
		"s3://bucket":     "s3:// is not known",
		"gs://":           "name the bucket",
		"gs://b?x=y":      "name the bucket",
		"file://reports":  "in full",
		"file:///a?b=c":   "in full",
		file:              "not a directory",
		file + "/beneath": "not a directory",
	} {
		if s, err := store.Open(t.Context(), where); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v, %v; want an error with %q", where, s, err, says)
		}
	}
}

// A write that is ended, or that fails in its midst, leaves what was kept.
func TestWhole(t *testing.T) {
	dir := t.TempDir()
	s, err := store.Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.Put(t.Context(), "p/c.json", []byte("old")); err != nil {
		t.Fatal(err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Put(ended, "p/c.json", bytes.Repeat([]byte("new"), 1000)); err == nil {
		t.Error("a write that was ended gave no error")
	}
	if b, err := s.Get(t.Context(), "p/c.json"); err != nil || string(b) != "old" {
		t.Errorf("%q is kept, %v", b, err)
	}
	if left, err := os.ReadDir(filepath.Join(dir, "p")); err != nil || len(left) != 1 {
		t.Errorf("left are %v, %v", left, err)
	}
}
