package docs

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

var (
	sourceFile = regexp.MustCompile("`((?:[a-z0-9-]+/)+[a-z_]+\\.go)`")
	sourcePath = regexp.MustCompile("`((?:[a-z0-9-]+/)+[a-z_.-]+)`")
)

// TestChanges holds that the files which a change touches are there, and that they are
// three at most where the page does not say why there are more.
func TestChanges(t *testing.T) {
	page, _ := Page("changing")
	changes := strings.Split(page, "\n## ")[1:]
	if len(changes) != 12 {
		t.Errorf("%d changes", len(changes))
	}
	for _, c := range changes {
		title, text, _ := strings.Cut(c, "\n")
		for _, m := range sourcePath.FindAllStringSubmatch(text, -1) {
			if _, err := os.Stat("../" + m[1]); err != nil {
				t.Errorf("%s: %v", title, err)
			}
		}
		production := 0
		for _, m := range sourceFile.FindAllStringSubmatch(text, -1) {
			if !strings.HasSuffix(m[1], "_test.go") {
				production++
			}
		}
		production += strings.Count(text, "a file in `")
		if why := strings.Contains(text, "More than three: "); why != (production > 3) {
			t.Errorf("%s: %d files of production code, and it is said why there are more than three: %t", title, production, why)
		}
	}
}
