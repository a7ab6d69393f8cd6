// Package sources holds what the manual says of kube-apiserver's source against
// that source, as it was published.
package sources

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/gke-preflight/gke-preflight/gke/controlplane/binaries"
)

var link = regexp.MustCompile(`\[([^\]]+)\]\(https://github\.com/kubernetes/kubernetes/blob/v([0-9.]+)/([^)]+)\)`)

// TestSources follows every link of docs/hooks.md: the file is there in that
// version and declares the identifier that the link names. A link whose text is
// a version is of the identifier before it.
func TestSources(t *testing.T) {
	page, err := os.ReadFile("../../../docs/hooks.md")
	if err != nil {
		t.Fatal(err)
	}
	links := link.FindAllStringSubmatch(string(page), -1)
	if len(links) < 30 {
		t.Fatalf("docs/hooks.md has %d links to the source", len(links))
	}
	identifier := ""
	for _, l := range links {
		if text, ok := strings.CutPrefix(l[1], "`"); ok {
			identifier = strings.TrimSuffix(text, "`")
		}
		version, path := l[2], l[3]
		t.Run(version+"/"+path+" "+identifier, func(t *testing.T) {
			module := "k8s.io/kubernetes@v" + version
			if staged, ok := strings.CutPrefix(path, "staging/src/"); ok {
				at := strings.Index(staged, "/") + 1
				at += strings.Index(staged[at:], "/")
				module, path = staged[:at]+"@v0."+strings.TrimPrefix(version, "1."), staged[at+1:]
			}
			source, err := os.ReadFile(filepath.Join(directory(t, module), path))
			if err != nil {
				t.Fatal(err)
			}
			declared := regexp.MustCompile(`(?m)^(func (\([^)]*\) )?|var |const |type |\t)` + regexp.QuoteMeta(identifier) + `(\(|\[| =| \w)`)
			if !declared.Match(source) {
				t.Errorf("%s of %s declares no %s", path, module, identifier)
			}
		})
	}
}

// directory is where the module's files are. Only where all minors are tested
// are they fetched.
func directory(t *testing.T, module string) string {
	t.Helper()
	cache, err := exec.Command("go", "env", "GOMODCACHE").Output()
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(strings.TrimSpace(string(cache)), module)
	if _, err := os.Stat(dir); err == nil {
		return dir
	}
	if os.Getenv(binaries.MinorsEnv) != "all" {
		t.Skipf("%s is not in the module cache: make test-matrix fetches it", module)
	}
	said, err := exec.Command("go", "mod", "download", "-json", module).Output()
	var downloaded struct{ Dir, Error string }
	if e := json.Unmarshal(said, &downloaded); e != nil || downloaded.Error != "" {
		t.Fatal(errors.Join(err, e), downloaded.Error)
	}
	return downloaded.Dir
}
