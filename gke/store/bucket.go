package store

import (
	"bytes"
	"context"
	"crypto/md5"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"strings"

	"google.golang.org/api/googleapi"
	"google.golang.org/api/option"
	"google.golang.org/api/storage/v1"
)

// A bucket keeps each key as an object of Cloud Storage, whose name begins with folder.
type bucket struct {
	objects      *storage.ObjectsService
	name, folder string
}

// emulator is the environment variable with the address of another Cloud Storage, which
// Google's own clients heed.
const emulator = "STORAGE_EMULATOR_HOST"

func openBucket(ctx context.Context, where, rest string) (*Store, error) {
	name, folder, _ := strings.Cut(rest, "/")
	if name == "" || strings.ContainsAny(rest, "?#") {
		return nil, fmt.Errorf("%s: name the bucket, and a folder if you like: gs://BUCKET/FOLDER", where)
	}
	options := []option.ClientOption{option.WithScopes(storage.DevstorageReadWriteScope)}
	if host := os.Getenv(emulator); host != "" {
		if !strings.Contains(host, "://") {
			host = "http://" + host
		}
		options = []option.ClientOption{option.WithoutAuthentication(), option.WithEndpoint(strings.TrimSuffix(host, "/") + "/storage/v1/")}
	}
	s, err := storage.NewService(ctx, options...)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", where, err)
	}
	if folder = strings.Trim(folder, "/"); folder != "" {
		folder += "/"
	}
	return &Store{bucket{s.Objects, name, folder}, where}, nil
}

// put sends the content with its checksum: what arrives otherwise is refused, and is
// there as a whole or not at all.
func (b bucket) put(ctx context.Context, key, contentType string, content []byte) error {
	sum := md5.Sum(content)
	o := &storage.Object{Name: b.folder + key, ContentType: contentType, Md5Hash: base64.StdEncoding.EncodeToString(sum[:])}
	_, err := b.objects.Insert(b.name, o).Media(bytes.NewReader(content), googleapi.ContentType(contentType)).Context(ctx).Do()
	return err
}

func (b bucket) get(ctx context.Context, key string) ([]byte, error) {
	response, err := b.objects.Get(b.name, b.folder+key).Context(ctx).Download()
	if err != nil {
		return nil, absent(err)
	}
	defer response.Body.Close()
	return io.ReadAll(response.Body)
}

func (b bucket) remove(ctx context.Context, key string) error {
	return absent(b.objects.Delete(b.name, b.folder+key).Context(ctx).Do())
}

func (b bucket) list(ctx context.Context, prefix string) ([]string, error) {
	keys := []string{}
	err := b.objects.List(b.name).Prefix(b.folder+prefix).Fields("nextPageToken", "items/name").Pages(ctx, func(page *storage.Objects) error {
		for _, o := range page.Items {
			keys = append(keys, strings.TrimPrefix(o.Name, b.folder))
		}
		return nil
	})
	return keys, err
}

func (b bucket) close() error { return nil }

func absent(err error) error {
	var answer *googleapi.Error
	if errors.As(err, &answer) && answer.Code == http.StatusNotFound {
		return fs.ErrNotExist
	}
	return err
}
