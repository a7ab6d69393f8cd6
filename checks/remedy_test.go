package checks

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestNoCheckWritesRemedy holds checks to say what to do by steps: the text of a
// remedy is made of them in one place.
func TestNoCheckWritesRemedy(t *testing.T) {
	for _, dir := range []string{"finding", "admission", "nodes", "versions", "workloads", "cluster", "../preflight/policy"} {
		files, err := filepath.Glob(dir + "/*.go")
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			source, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if !strings.HasSuffix(file, "_test.go") && regexp.MustCompile(`\bRemedy\b`).Match(source) {
				t.Errorf("%s sets Remedy: give the finding Steps", file)
			}
		}
	}
}
