package docs_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/gke-preflight/gke-preflight/docs"
	"github.com/gke-preflight/gke-preflight/preflight/version"
)

// TestChangesPage holds the table of docs/versions.md against what the program knows.
func TestChangesPage(t *testing.T) {
	page, ok := docs.Page("versions")
	if !ok {
		t.Fatal("there is no page on versions")
	}
	for _, c := range version.Changes() {
		if row := fmt.Sprintf("| %s | %s |", c.Since, c.What); !strings.Contains(page, row) {
			t.Errorf("docs/versions.md lacks %q", row)
		}
	}
}
