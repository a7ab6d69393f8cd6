package store

import (
	"context"
	"crypto/md5"
	"errors"
	"io"
	"io/fs"
	"os"

	"gocloud.dev/blob"
	"gocloud.dev/blob/fileblob"
	"gocloud.dev/gcerrors"
)

// A directory keeps each key as a file.
type directory struct{ files *blob.Bucket }

func openDirectory(dir string) (*Store, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	b, err := fileblob.OpenBucket(dir, &fileblob.Options{NoTempDir: true, Metadata: fileblob.MetadataDontWrite})
	return &Store{directory{b}, dir}, err
}

// put is the bucket's WriteAll, which renames a file in place that it could not write
// to its end (gocloud.dev blob/blob.go: Close follows a Write that failed), with an
// end of the context before that, and with what a full disk has to say.
func (d directory) put(ctx context.Context, key, contentType string, content []byte) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var f *os.File
	sum := md5.Sum(content)
	w, err := d.files.NewWriter(ctx, key, &blob.WriterOptions{
		ContentType: contentType,
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

func (d directory) get(ctx context.Context, key string) ([]byte, error) {
	b, err := d.files.ReadAll(ctx, key)
	return b, missing(err)
}

func (d directory) remove(ctx context.Context, key string) error {
	return missing(d.files.Delete(ctx, key))
}

func (d directory) list(ctx context.Context, prefix string) ([]string, error) {
	keys := []string{}
	all := d.files.List(&blob.ListOptions{Prefix: prefix})
	for {
		o, err := all.Next(ctx)
		if err == io.EOF {
			return keys, nil
		}
		if err != nil {
			return nil, err
		}
		keys = append(keys, o.Key)
	}
}

func (d directory) close() error { return d.files.Close() }

func missing(err error) error {
	if gcerrors.Code(err) == gcerrors.NotFound {
		return fs.ErrNotExist
	}
	return err
}
