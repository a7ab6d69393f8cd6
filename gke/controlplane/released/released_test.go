package released

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha512"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// release is an archive as envtest's are, with programs that know their version and no
// more.
func release(t *testing.T, version string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	archive := tar.NewWriter(z)
	for name, says := range map[string]string{"kube-apiserver": "Kubernetes v" + version, "etcd": "etcd Version: 3.6.8", "kubectl": "none"} {
		script := "#!/bin/sh\necho " + says + "\n"
		if err := archive.WriteHeader(&tar.Header{Name: "controller-tools/envtest/" + name, Typeflag: tar.TypeReg, Mode: 0o755, Size: int64(len(script))}); err != nil {
			t.Fatal(err)
		}
		if _, err := archive.Write([]byte(script)); err != nil {
			t.Fatal(err)
		}
	}
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestDownload is about a mirror: what is fetched is the newest patch, is held against
// its checksum, and is not fetched twice.
func TestDownload(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	t.Setenv("HOME", t.TempDir())
	fetched := 0
	var index strings.Builder
	mux := http.NewServeMux()
	for _, version := range []string{"1.35.4", "1.36.9", "1.36.10", "1.37.0"} {
		content := release(t, version)
		sum := sha512.Sum512(content)
		hash := hex.EncodeToString(sum[:])
		if version == "1.37.0" {
			hash = strings.Repeat("0", len(hash))
		}
		name := "envtest-v" + version + "-" + runtime.GOOS + "-" + runtime.GOARCH + ".tar.gz"
		fmt.Fprintf(&index, "  v%s:\n    %s:\n      hash: %s\n      selfLink: archives/%s\n", version, name, hash, name)
		mux.HandleFunc("/archives/"+name, func(w http.ResponseWriter, _ *http.Request) {
			fetched++
			_, _ = w.Write(content)
		})
	}
	mux.HandleFunc("/index.yaml", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, "releases:\n%s", index.String())
	})
	server := httptest.NewServer(mux)
	defer server.Close()
	get := func(name, version string) (string, error) {
		b, err := Download(t.Context(), server.URL+"/index.yaml", name, version, func(string) {})
		return b.Version, err
	}
	for range 2 {
		if got, err := get("kube-apiserver", "1.36"); err != nil || got != "1.36.10" || fetched != 1 {
			t.Errorf("1.36 is %q after %d downloads: %v", got, fetched, err)
		}
	}
	if got, err := get("etcd", ""); err != nil || got != "3.6.8" || fetched != 1 {
		t.Errorf("etcd is %q after %d downloads: %v", got, fetched, err)
	}
	if _, err := get("kube-apiserver", "1.37"); err == nil || !strings.Contains(err.Error(), "SHA-512") {
		t.Errorf("a wrong checksum: %v", err)
	}
	if _, err := get("kube-apiserver", "1.40"); err == nil || !strings.Contains(err.Error(), "lists no 1.40") {
		t.Errorf("an absent version: %v", err)
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	if left, _ := filepath.Glob(filepath.Join(cache, "gke-preflight", "released", "*")); len(left) != 1 {
		t.Errorf("kept are %v", left)
	}
}

func TestScan(t *testing.T) {
	dir := t.TempDir()
	for name, says := range map[string]string{"a/kube-apiserver": "Kubernetes v1.36.9", "b/kube-apiserver-1.36": "Kubernetes v1.36.10", "etcd": "etcd Version: 3.6.8", "kube-apiserver": "exit"} {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte("#!/bin/sh\necho "+says+"\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	found, err := Scan(t.Context(), dir)
	if err != nil || len(found) != 3 {
		t.Fatalf("%v: %v", found, err)
	}
	if b, err := found.Find("kube-apiserver", "1.36"); err != nil || b.Version != "1.36.10" {
		t.Errorf("%v: %v", b, err)
	}
	if _, err := found.Find("kube-apiserver", "1.37"); err == nil || !strings.Contains(err.Error(), "1.36.10, 1.36.9") {
		t.Errorf("a missing minor: %v", err)
	}
	if _, err := Scan(t.Context(), t.TempDir()); err == nil {
		t.Error("nothing was found in an empty folder, and that is no error")
	}
}
