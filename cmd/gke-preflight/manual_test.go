package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/gke-preflight/gke-preflight/docs"
)

// A manualBlock is a fenced block of a page: of commands, or of text that is
// labelled as such.
type manualBlock struct {
	// info is what stands behind the fence; empty for commands, which go to a shell
	// from the left margin. Lines that are indented and continue none are what is
	// seen or typed then.
	info  string
	lines []string
}

func blocksOf(page string) []manualBlock {
	var blocks []manualBlock
	fenced := false
	for line := range strings.Lines(page) {
		line = strings.TrimSuffix(line, "\n")
		switch info, fence := strings.CutPrefix(line, "```"); {
		case fence && !fenced:
			blocks = append(blocks, manualBlock{info: info})
			fenced = true
		case fence:
			fenced = false
		case fenced:
			b := &blocks[len(blocks)-1]
			b.lines = append(b.lines, line)
		}
	}
	return blocks
}

// commands are the block's command lines, joined where they go on.
func (b manualBlock) commands() []string {
	if b.info != "" && b.info != "sh" {
		return nil
	}
	var all []string
	goesOn := false
	for _, line := range b.lines {
		switch {
		case goesOn:
			all[len(all)-1] += "\n" + line
		case line == "" || strings.HasPrefix(line, " ") || strings.HasPrefix(line, "#"):
			continue
		default:
			all = append(all, line)
		}
		last := all[len(all)-1]
		goesOn = strings.HasSuffix(last, `\`) || strings.HasSuffix(last, "|") || strings.Count(last, "'")%2 == 1
	}
	return all
}

// pagesOfManual are all pages by topic, and the README at the top.
func pagesOfManual(t *testing.T) map[string]string {
	t.Helper()
	pages := map[string]string{}
	for _, topic := range docs.Topics() {
		pages[topic], _ = docs.Page(topic)
	}
	b, err := os.ReadFile(root + "README.md")
	if err != nil {
		t.Fatal(err)
	}
	pages["README"] = string(b)
	return pages
}

// TestManual executes every command of the manual, page by page and in order, in
// a directory of the page's own. gke-preflight is the real one, and looks at the
// recorded incident where it would look at a cluster: see [onRecording]. Any exit
// code that is a verdict will do. kubectl, gcloud and the other programs are
// stand-ins that do nothing (helm prints a webhook), slack-url.txt holds the URL of a chat that takes everything; how they were called is held against what they know,
// in testdata/manual/flags.txt. A block labelled text below a command is what that
// prints, words only, with ... for what is left out.
func TestManual(t *testing.T) {
	for topic, page := range pagesOfManual(t) {
		t.Run(topic, func(t *testing.T) {
			t.Parallel()
			var printed string
			s := newManualShell(t)
			for _, b := range blocksOf(page) {
				commands := b.commands()
				if commands != nil {
					printed = ""
				}
				for _, c := range commands {
					printed += s.run(t, c)
				}
				if b.info == "text" && printed != "" {
					shows(t, printed, b.lines)
				}
			}
		})
	}
}

// shows requires the words of lines in what was printed.
func shows(t *testing.T, printed string, lines []string) {
	t.Helper()
	rest := strings.Join(strings.Fields(printed), " ")
	for part := range strings.SplitSeq(strings.Join(strings.Fields(strings.Join(lines, " ")), " "), "...") {
		part = strings.TrimSpace(part)
		_, after, found := strings.Cut(rest, part)
		if !found {
			t.Errorf("the page shows what is not printed: %s\nprinted:\n%s", part, printed)
			return
		}
		rest = after
	}
}

// TestExamples executes the examples of each command's help, likewise.
func TestExamples(t *testing.T) {
	var visit func(*cobra.Command)
	visit = func(c *cobra.Command) {
		var b manualBlock
		for line := range strings.Lines(c.Example) {
			b.lines = append(b.lines, strings.TrimPrefix(strings.TrimSuffix(line, "\n"), "  "))
		}
		s := newManualShell(t)
		for _, command := range b.commands() {
			s.run(t, command)
		}
		for _, sub := range c.Commands() {
			visit(sub)
		}
	}
	visit(newRoot())
}

var remedyCommand = regexp.MustCompile(`(?m)^    ((kubectl|gcloud|gke-preflight) .*)$`)

// TestRemedies executes the commands of all findings in the cases of the checks,
// likewise. Those of gke-preflight itself name versions and files of their case.
func TestRemedies(t *testing.T) {
	files, err := filepath.Glob(root + "testdata/checks/*/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no cases", err)
	}
	seen := map[string]bool{}
	s := newManualShell(t)
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		_, want, _ := strings.Cut(string(b), "-- want --")
		for _, m := range remedyCommand.FindAllStringSubmatch(want, -1) {
			if m[2] != "gke-preflight" && !seen[m[1]] {
				seen[m[1]] = true
				s.run(t, m[1])
			}
		}
	}
}
