package main

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gke-preflight/gke-preflight/preflight"
)

// A manualShell executes command lines in a directory.
type manualShell struct {
	dir, bin, calls string
}

// standIns are programs that are called and not executed. cat is real.
var standIns = []string{"kubectl", "gcloud", "helm", "make", "go", "git", "openssl", "grep", "sha256sum", "tar", "install", "ln", "ko", "terraform", "mkdir", "brew", "cp", "docker"}

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

// manualFiles are what the manual supposes to be there, by where each comes from below
// testdata.
var manualFiles = map[string]string{
	"incident.zip": "recorded/incident.zip",
	"prod.zip":     "recorded/incident.zip",
	"recordings/acme-prod_europe-west1_prod.zip": "recorded/incident.zip",
	"new.yaml":                          "manual/new.yaml",
	"plan.json":                         "terraform/upgrade.json",
	"shown.json":                        "terraform/upgrade.json",
	"clusters.txt":                      "manual/clusters.txt",
	"reports/runs/tuesday/shard-0.json": "manual/shard.json",
	"webhooks.yaml":                     "manual/new.yaml",
	"upgrade.jsonl":                     "manual/upgrade.jsonl",
	"policy.yaml":                       "manual/policy.yaml",
	"last.json":                         "../preflight/render/testdata/incident.json",
	"image.txt":                         "manual/image.txt",
}

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
	for name, from := range manualFiles {
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
