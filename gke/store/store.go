// Package store keeps reports where they outlive the process that made them: in
// a directory or in a bucket of Cloud Storage.
package store

import (
	"cmp"
	"context"
	"crypto/md5"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"mime"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"gocloud.dev/blob"
	"gocloud.dev/blob/fileblob"
	_ "gocloud.dev/blob/gcsblob" // gs://
	"gocloud.dev/gcerrors"
)

// A Store keeps byte strings under keys such as "my-project/europe-west1/prod.json".
// Each is written as a whole or not at all. It is safe for concurrent use.
type Store struct {
	bucket *blob.Bucket
	name   string
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

func openDirectory(dir string) (*Store, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	b, err := fileblob.OpenBucket(dir, &fileblob.Options{NoTempDir: true, Metadata: fileblob.MetadataDontWrite})
	return &Store{b, dir}, err
}

func openBucket(ctx context.Context, where, rest string) (*Store, error) {
	name, folder, _ := strings.Cut(rest, "/")
	if name == "" || strings.ContainsAny(rest, "?#") {
		return nil, fmt.Errorf("%s: name the bucket, and a folder if you like: gs://BUCKET/FOLDER", where)
	}
	b, err := blob.OpenBucket(ctx, "gs://"+name)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", where, err)
	}
	if folder = strings.Trim(folder, "/"); folder != "" {
		b = blob.PrefixedBucket(b, folder+"/")
	}
	return &Store{b, where}, nil
}

// String is where it is, as given to [Open].
func (s *Store) String() string { return s.name }

// Close ends what the store holds open.
func (s *Store) Close() error { return s.bucket.Close() }

// Put writes content under key, in place of what was there. If it returns an error,
// that is still there.
func (s *Store) Put(ctx context.Context, key string, content []byte) error {
	return s.explain(key, s.put(ctx, key, content))
}

// put is the bucket's WriteAll, which renames a file in place that it could not write
// to its end (gocloud.dev blob/blob.go: Close follows a Write that failed), with an
// end of the context before that, and with what a full disk has to say.
func (s *Store) put(ctx context.Context, key string, content []byte) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var f *os.File
	sum := md5.Sum(content)
	w, err := s.bucket.NewWriter(ctx, key, &blob.WriterOptions{
		ContentType: cmp.Or(mime.TypeByExtension(filepath.Ext(key)), "text/plain; charset=utf-8"),
		ContentMD5:  sum[:],
		BeforeWrite: func(as func(any) bool) error {
			as(&f)
			return nil
		},
	})
	if err != nil {
		return err
	}
	if _, err = w.Write(content); err == nil && f != nil {
		err = f.Sync()
	}
	if err != nil && !errors.Is(err, errors.ErrUnsupported) {
		cancel()
		_ = w.Close()
		return err
	}
	return w.Close()
}

// Get reads what is kept under key. Its error is [fs.ErrNotExist] where that is
// nothing.
func (s *Store) Get(ctx context.Context, key string) ([]byte, error) {
	b, err := s.bucket.ReadAll(ctx, key)
	return b, s.explain(key, err)
}

// Delete removes what is kept under key. That there is nothing is no error.
func (s *Store) Delete(ctx context.Context, key string) error {
	err := s.explain(key, s.bucket.Delete(ctx, key))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// List returns all keys that begin with prefix, in order.
func (s *Store) List(ctx context.Context, prefix string) ([]string, error) {
	keys := []string{}
	all := s.bucket.List(&blob.ListOptions{Prefix: prefix})
	for {
		o, err := all.Next(ctx)
		if err == io.EOF {
			slices.Sort(keys)
			return keys, nil
		}
		if err != nil {
			return nil, s.explain(prefix, err)
		}
		keys = append(keys, o.Key)
	}
}

func (s *Store) explain(key string, err error) error {
	switch {
	case err == nil:
		return nil
	case gcerrors.Code(err) == gcerrors.NotFound:
		return fmt.Errorf("%s has no %s: %w", s.name, key, fs.ErrNotExist)
	}
	return fmt.Errorf("%s: %s: %w", s.name, key, err)
}
