// Package store keeps reports where they outlive the process that made them: in
// a directory or in a bucket of Cloud Storage.
package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"mime"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
)

// A Store keeps byte strings under keys such as "my-project/europe-west1/prod.json".
// Each is written as a whole or not at all. It is safe for concurrent use.
type Store struct {
	place
	name string
}

// A place is where a store keeps things. That there is nothing under a key is the error
// [fs.ErrNotExist].
type place interface {
	put(ctx context.Context, key, contentType string, content []byte) error
	get(ctx context.Context, key string) ([]byte, error)
	remove(ctx context.Context, key string) error
	// list returns the keys that begin with prefix, in any order.
	list(ctx context.Context, prefix string) ([]string, error)
	close() error
}

// Open opens a directory, which is made where there is none, by its path or as
// file:///path, or a bucket as gs://BUCKET or gs://BUCKET/FOLDER, with
// Application Default Credentials. The caller closes it.
func Open(ctx context.Context, where string) (*Store, error) {
	scheme, rest, isURL := strings.Cut(where, "://")
	switch {
	case where == "":
		return nil, errors.New("a directory such as reports, or a bucket such as gs://my-reports, is missing")
	case !isURL:
		return openDirectory(where)
	case scheme == "file":
		return openFileURL(where)
	case scheme == "gs":
		return openBucket(ctx, where, rest)
	}
	return nil, fmt.Errorf("%s: %s:// is not known here: name a directory, file:///path or gs://BUCKET/FOLDER", where, scheme)
}

func openFileURL(where string) (*Store, error) {
	u, err := url.Parse(where)
	if err != nil || u.Host != "" || u.Path == "" || u.RawQuery != "" {
		return nil, fmt.Errorf("%s: name the directory in full, such as file:///var/reports", where)
	}
	return openDirectory(filepath.FromSlash(u.Path))
}

// String is where it is, as given to [Open].
func (s *Store) String() string { return s.name }

// Close ends what the store holds open.
func (s *Store) Close() error { return s.close() }

// Put writes content under key, in place of what was there. If it returns an error,
// that is still there.
func (s *Store) Put(ctx context.Context, key string, content []byte) error {
	return s.explain(key, s.put(ctx, key, cmp.Or(mime.TypeByExtension(filepath.Ext(key)), "text/plain; charset=utf-8"), content))
}

// Get reads what is kept under key. Its error is [fs.ErrNotExist] where that is
// nothing.
func (s *Store) Get(ctx context.Context, key string) ([]byte, error) {
	b, err := s.get(ctx, key)
	return b, s.explain(key, err)
}

// Delete removes what is kept under key. That there is nothing is no error.
func (s *Store) Delete(ctx context.Context, key string) error {
	err := s.remove(ctx, key)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return s.explain(key, err)
}

// List returns all keys that begin with prefix, in order.
func (s *Store) List(ctx context.Context, prefix string) ([]string, error) {
	keys, err := s.list(ctx, prefix)
	slices.Sort(keys)
	return keys, s.explain(prefix, err)
}

func (s *Store) explain(key string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%s has no %s: %w", s.name, key, fs.ErrNotExist)
	}
	return fmt.Errorf("%s: %s: %w", s.name, key, err)
}
