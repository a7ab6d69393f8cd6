package docs_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gke-preflight/gke-preflight/docs"
)

// TestContents holds long pages to a list of their sections; -update writes it. Into a
// page that is generated its generator writes it.
func TestContents(t *testing.T) {
	files, err := filepath.Glob("*.md")
	if err != nil || files == nil {
		t.Fatal("no pages", err)
	}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		switch want := docs.WithContents(string(b)); {
		case want == string(b):
		case *update:
			if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
				t.Fatal(err)
			}
		default:
			t.Errorf("%s lacks the list of its sections, or has another: -update writes it", file)
		}
	}
}

func TestWithContents(t *testing.T) {
	long := "# Title\n\nText.\n\n## `A`: b, and C\n\n" + strings.Repeat("word ", 2000) + "\n\n## D\n"
	once := docs.WithContents(long)
	if !strings.HasPrefix(once, "# Title\n\nOn this page: [`A`: b, and C](#a-b-and-c),\n[D](#d).\n\nText.") || docs.WithContents(once) != once {
		t.Errorf("got %q", once[:120])
	}
	if short := "# Title\n\n## A\n"; docs.WithContents(short) != short {
		t.Error("a short page has a list")
	}
}
