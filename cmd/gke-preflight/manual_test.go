package main

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/gke-preflight/gke-preflight/docs"
	"github.com/gke-preflight/gke-preflight/preflight"
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

// A manualShell executes command lines in a directory.
type manualShell struct {
	dir, bin, calls string
}

// standIns are programs that are called and not executed. cat is real.
var standIns = []string{"kubectl", "gcloud", "helm", "make", "go", "git", "openssl", "grep", "sha256sum", "tar", "install", "ln", "ko", "terraform", "mkdir"}

const (
	standIn = `#!/bin/sh
{ printf '%s' "${0##*/}"; for a; do printf '\037%s' "$a"; done; } > "$CALLS/$$"
cat > "$CALLS/stdin"
case "${0##*/} $1" in
"helm template") cat new.yaml ;;
"terraform show") cat shown.json ;;
esac
`
	realOne = "#!/bin/sh\nexec \"$ON_RECORDING\" \"$@\"\n"
)

func newManualShell(t *testing.T) *manualShell {
	t.Helper()
	s := &manualShell{dir: t.TempDir(), bin: t.TempDir(), calls: t.TempDir()}
	for _, name := range standIns {
		write(t, filepath.Join(s.bin, name), standIn)
	}
	write(t, filepath.Join(s.bin, "gke-preflight"), realOne)
	cat, err := exec.LookPath("cat")
	if err == nil {
		err = os.Symlink(cat, filepath.Join(s.bin, "cat"))
	}
	if err != nil {
		t.Fatal(err)
	}
	for name, from := range map[string]string{"incident.zip": "recorded/incident.zip", "prod.zip": "recorded/incident.zip", "recordings/acme-prod_europe-west1_prod.zip": "recorded/incident.zip", "new.yaml": "manual/new.yaml", "plan.json": "terraform/upgrade.json", "shown.json": "terraform/upgrade.json", "clusters.txt": "manual/clusters.txt", "reports/runs/monday/shard-0.json": "manual/shard.json", "webhooks.yaml": "manual/new.yaml", "upgrade.jsonl": "manual/upgrade.jsonl",
		"policy.yaml": "manual/policy.yaml", "last.json": "../preflight/render/testdata/incident.json"} {
		b, err := os.ReadFile(root + "testdata/" + from)
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(s.dir, name), string(b))
	}
	chat := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(chat.Close)
	write(t, filepath.Join(s.dir, "slack-url.txt"), chat.URL)
	return s
}

func write(t *testing.T, file, content string) {
	t.Helper()
	if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o700), os.WriteFile(file, []byte(content), 0o700)); err != nil {
		t.Fatal(err)
	}
}

// run executes a command line and returns what it printed.
func (s *manualShell) run(t *testing.T, line string) string {
	t.Helper()
	shell, err := exec.LookPath("sh")
	if err != nil {
		t.Fatal(err)
	}
	onRecording, err := exec.LookPath("on-recording")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(shell, "-c", line+"\ncode=$?; wait; exit $code")
	cmd.Dir = s.dir
	cmd.Env = []string{"PATH=" + s.bin, "HOME=" + s.dir, "CALLS=" + s.calls, "ON_RECORDING=" + onRecording}
	out, err := cmd.CombinedOutput()
	if code := cmd.ProcessState.ExitCode(); code != preflight.ExitReady && code != preflight.ExitNotReady && code != preflight.ExitInconclusive {
		t.Errorf("%s\n%v:\n%s", line, err, out)
	}
	s.judge(t, line)
	return string(out)
}

// judge looks at how the stand-ins were called.
func (s *manualShell) judge(t *testing.T, line string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(s.calls, "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err == nil {
			err = os.Remove(file)
		}
		if err != nil {
			t.Fatal(err)
		}
		if filepath.Base(file) == "stdin" {
			continue
		}
		if err := understood(t, strings.Split(string(b), "\x1f")); err != nil {
			t.Errorf("%s\n%v", line, err)
		}
	}
}

// understood returns an error for a call that the program would not understand, as far
// as testdata/manual/flags.txt tells.
func understood(t *testing.T, call []string) error {
	t.Helper()
	b, err := os.ReadFile(root + "testdata/manual/flags.txt")
	if err != nil {
		t.Fatal(err)
	}
	flags := map[string]bool{}
	longest := ""
	for line := range strings.Lines(string(b)) {
		verb, rest, ok := strings.Cut(line, ":")
		if !ok || strings.HasPrefix(line, "#") || !isCall(call, strings.Fields(verb)) {
			continue
		}
		if len(verb) > len(longest) {
			longest = verb
		}
		for flag := range strings.FieldsSeq(rest) {
			flags[flag] = true
		}
	}
	if longest == "" || longest == "kubectl" || longest == "gcloud" {
		return fmt.Errorf("testdata/manual/flags.txt does not know %s", strings.Join(call, " "))
	}
	for _, arg := range call {
		if flag, _, _ := strings.Cut(arg, "="); strings.HasPrefix(arg, "-") && arg != "-" && !flags[flag] {
			return fmt.Errorf("testdata/manual/flags.txt does not know %s of %s", flag, longest)
		}
	}
	return nil
}

// isCall reports whether the words of call, without flags and the values that
// kubectl's --namespace has, begin with verb.
func isCall(call, verb []string) bool {
	var words []string
	for i, w := range call {
		if !strings.HasPrefix(w, "-") && (i == 0 || call[i-1] != "--namespace") {
			words = append(words, w)
		}
	}
	return len(words) >= len(verb) && slices.Equal(words[:len(verb)], verb)
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
