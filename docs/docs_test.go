package docs

import (
	"io/fs"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func all(t *testing.T) map[string]string {
	t.Helper()
	m := map[string]string{}
	for _, topic := range Topics() {
		text, ok := Page(topic)
		if !ok {
			t.Fatalf("%s has no page", topic)
		}
		m[paths()[strings.ToLower(topic)]] = text
	}
	return m
}

func TestTopics(t *testing.T) {
	topics := Topics()
	if len(topics) < 40 || !slices.IsSorted(topics) || len(slices.Compact(slices.Clone(topics))) != len(topics) {
		t.Errorf("topics are not many, sorted and distinct: %v", topics)
	}
	for _, topic := range []string{"GP101", "gp101", "crash-loop", "rbac/bootstrap-roles", "manual", "how-it-works"} {
		if _, ok := Page(topic); !ok {
			t.Errorf("no page on %s", topic)
		}
	}
	for _, topic := range []string{"", "GP000", "checks/GP101", "../docs.go", "docs_test", "README.md"} {
		if _, ok := Page(topic); ok {
			t.Errorf("a page on %q", topic)
		}
	}
}

// TestNothingIsLeftOut finds files whose topic another file has taken.
func TestNothingIsLeftOut(t *testing.T) {
	files := 0
	if err := fs.WalkDir(pages, ".", func(p string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			files++
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if n := len(Topics()); n != files {
		t.Errorf("%d files have %d topics", files, n)
	}
}

var sections = map[string][]string{
	"checks":   {"What it checks", "Why it matters", "How to fix it", "When to waive it", "Evidence"},
	"outcomes": {"What it means", "What to do"},
	"hooks":    {"What it writes", "When", "When it can't", "Since", "How to look at it", "Break-glass", "Source"},
}

func TestSections(t *testing.T) {
	for file, text := range all(t) {
		folder, _, _ := strings.Cut(file, "/")
		title, _, _ := strings.Cut(text, "\n")
		switch topic := topicOf(file); {
		case folder == "checks" && !strings.HasPrefix(title, "# "+topic+": "):
			t.Errorf("%s begins %q", file, title)
		case (folder == "hooks" || folder == "outcomes") && title != "# "+topic:
			t.Errorf("%s begins %q", file, title)
		}
		var got []string
		fenced := false
		for line := range strings.Lines(text) {
			if strings.HasPrefix(line, "```") {
				fenced = !fenced
			}
			if h, ok := strings.CutPrefix(strings.TrimSpace(line), "## "); ok && !fenced {
				got = append(got, h)
			}
		}
		if fenced {
			t.Errorf("%s: a code block has no end", file)
		}
		want := sections[folder]
		if folder != "outcomes" && want != nil && !slices.Equal(want, got) {
			t.Errorf("%s has the sections %q, not %q", file, got, want)
		}
		for _, s := range want {
			if !slices.Contains(got, s) {
				t.Errorf("%s has no section %q", file, s)
			}
		}
	}
}

// TestWidth holds code against the width of a terminal, as it is never wrapped; but
// what is quoted from files is as wide as it is there, and a digest has no place to break. That commands work is tested
// where they are, in cmd/gke-preflight.
func TestWidth(t *testing.T) {
	for file, text := range all(t) {
		fenced, quoted := false, false
		for line := range strings.Lines(text) {
			line = strings.TrimSuffix(line, "\n")
			if info, ok := strings.CutPrefix(line, "```"); ok {
				fenced, quoted = !fenced, info == "go" || info == "txtar"
			} else if fenced && !quoted && len(line) > 76 && !strings.Contains(line, " sha256:") {
				t.Errorf("%s: %d columns: %s", file, len(line), line)
			}
		}
	}
}

// TestQuoted holds what pages quote against the files.
func TestQuoted(t *testing.T) {
	page, _ := Page("adding-a-check")
	for _, file := range []string{"checks/cluster/alpha_cluster.go", "testdata/checks/GP517/alpha.txtar"} {
		b, err := os.ReadFile("../" + file)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(page, "\n"+strings.ReplaceAll(string(b), "\t", "    ")+"```\n") {
			t.Errorf("adding-a-check.md does not quote %s as it is", file)
		}
	}
}

var link = regexp.MustCompile(`\]\(([^)]+)\)`)

func TestLinks(t *testing.T) {
	texts := all(t)
	for file, text := range texts {
		for _, m := range link.FindAllStringSubmatch(text, -1) {
			if strings.Contains(m[1], "://") || strings.HasPrefix(m[1], "#") || m[1] == "report.schema.json" || m[1] == "policy.schema.json" {
				continue
			}
			if _, ok := texts[path.Join(path.Dir(file), m[1])]; !ok {
				t.Errorf("%s links to %s, which there is not", file, m[1])
			}
		}
	}
	index := texts["README.md"]
	for file := range texts {
		if file != "README.md" && !strings.Contains(index, "]("+file+")") {
			t.Errorf("README.md does not list %s", file)
		}
	}
}

// TestPlain keeps out what does not survive every terminal, and what belongs to
// no manual.
func TestPlain(t *testing.T) {
	for file, text := range all(t) {
		for n, line := range strings.Split(text, "\n") {
			if i := strings.IndexFunc(line, func(r rune) bool { return r < ' ' || r > '~' }); i >= 0 {
				t.Errorf("%s:%d: not ASCII: %s", file, n+1, line)
			}
			if strings.TrimRight(line, " ") != line {
				t.Errorf("%s:%d: blanks at the end", file, n+1)
			}
		}
		if !strings.HasSuffix(text, "\n") || strings.HasSuffix(text, "\n\n") {
			t.Errorf("%s does not end in one newline", file)
		}
	}
}
