package released

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"crypto/sha512"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"strings"

	"sigs.k8s.io/yaml"

	"github.com/gke-preflight/gke-preflight/gke/controlplane/binaries"
)

// Index is where the releases of kube-apiserver and etcd are listed that
// controller-runtime's envtest uses. It is the only public one that has them for macOS.
const Index = "https://raw.githubusercontent.com/kubernetes-sigs/controller-tools/HEAD/envtest-releases.yaml"

// An index lists archives by version, such as v1.36.2, and name.
type index struct {
	Releases map[string]map[string]archive `json:"releases"`
}

type archive struct {
	// Hash is SHA-512 in hexadecimal, SelfLink the URL; a mirror's may be relative to
	// the index.
	Hash     string `json:"hash"`
	SelfLink string `json:"selfLink"`
}

// Download returns the program of a minor from the index at that URL, for this system:
// the newest patch there is. What was fetched before is not fetched again. say is told
// what is fetched, before it is. The archive is held against its checksum before
// anything of it is kept. etcd is that of any version.
func Download(ctx context.Context, from, name, version string, say func(what string)) (binaries.Binary, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return binaries.Binary{}, fmt.Errorf("no directory to keep programs in: %w; set XDG_CACHE_HOME", err)
	}
	kept := filepath.Join(cache, "gke-preflight", "released")
	if found, err := Scan(ctx, kept); err == nil {
		if b, err := found.Find(name, version); err == nil {
			return b, nil
		}
	}
	listed, err := readIndex(ctx, from)
	if err != nil {
		return binaries.Binary{}, err
	}
	release, a, err := listed.newest(version)
	if err != nil {
		return binaries.Binary{}, fmt.Errorf("%s: %w", from, err)
	}
	say(fmt.Sprintf("kube-apiserver and etcd %s for %s/%s", release, runtime.GOOS, runtime.GOARCH))
	dir := filepath.Join(kept, release+"-"+runtime.GOOS+"-"+runtime.GOARCH)
	if err := unpack(ctx, from, a, dir); err != nil {
		return binaries.Binary{}, fmt.Errorf("%s: %w", release, err)
	}
	found, err := Scan(ctx, dir)
	if err != nil {
		return binaries.Binary{}, err
	}
	return found.Find(name, version)
}

func get(ctx context.Context, at string) (io.ReadCloser, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, at, nil)
	if err != nil {
		return nil, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		resp.Body.Close()
		return nil, fmt.Errorf("GET %s: %s", at, resp.Status)
	}
	return resp.Body, nil
}

func readIndex(ctx context.Context, from string) (index, error) {
	var i index
	body, err := get(ctx, from)
	if err != nil {
		return i, err
	}
	defer body.Close()
	b, err := io.ReadAll(io.LimitReader(body, 16<<20))
	if err != nil {
		return i, err
	}
	if err := yaml.Unmarshal(b, &i); err != nil || len(i.Releases) == 0 {
		return i, fmt.Errorf("%s is no index of releases as envtest has it: %w", from, err)
	}
	return i, nil
}

// newest is the newest patch of a minor for this system; of any version if that is empty.
func (i index) newest(version string) (release string, a archive, err error) {
	for v, archives := range i.Releases {
		number := strings.TrimPrefix(v, "v")
		if version != "" && number != version && !strings.HasPrefix(number, version+".") || strings.Contains(number, "-") {
			continue
		}
		for name, candidate := range archives {
			if strings.HasSuffix(name, "-"+runtime.GOOS+"-"+runtime.GOARCH+".tar.gz") && (release == "" || compare(number, release) > 0) {
				release, a = number, candidate
			}
		}
	}
	if release == "" {
		return "", a, fmt.Errorf("it lists no %s for %s/%s", version, runtime.GOOS, runtime.GOARCH)
	}
	return release, a, nil
}

// unpack fetches the archive to a file beside dir, checks it, and takes the programs out
// of it. dir appears whole or not at all.
func unpack(ctx context.Context, from string, a archive, dir string) error {
	base, err := url.Parse(from)
	if err != nil {
		return err
	}
	at, err := base.Parse(a.SelfLink)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return err
	}
	tmp, err := os.MkdirTemp(filepath.Dir(dir), ".fetching-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	file := filepath.Join(tmp, "archive")
	if err := save(ctx, at.String(), file, a.Hash); err != nil {
		return err
	}
	whole := filepath.Join(tmp, "whole")
	if err := errors.Join(os.Mkdir(whole, 0o755), extract(file, whole)); err != nil {
		return err
	}
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	return os.Rename(whole, dir)
}

// save stores what is at a URL, and fails where its SHA-512 is another.
func save(ctx context.Context, at, file, hash string) error {
	body, err := get(ctx, at)
	if err != nil {
		return err
	}
	defer body.Close()
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	sum := sha512.New()
	_, err = io.Copy(io.MultiWriter(f, sum), body)
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	if got := hex.EncodeToString(sum.Sum(nil)); !strings.EqualFold(got, hash) {
		return fmt.Errorf("%s has the SHA-512 %.12s..., and the index says %.12s...: it is not used", at, got, hash)
	}
	return nil
}

// extract takes kube-apiserver and etcd out of the archive.
func extract(file, dir string) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return err
	}
	for t := tar.NewReader(z); ; {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		name := path.Base(h.Name)
		if h.Typeflag != tar.TypeReg || name != "kube-apiserver" && name != "etcd" {
			continue
		}
		out, err := os.OpenFile(filepath.Join(dir, name), os.O_CREATE|os.O_WRONLY|os.O_EXCL, 0o755)
		if err != nil {
			return err
		}
		_, err = io.Copy(out, t)
		if err := errors.Join(err, out.Close()); err != nil {
			return err
		}
	}
}
