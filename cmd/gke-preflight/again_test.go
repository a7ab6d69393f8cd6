package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/gke-preflight/gke-preflight/preflight"
)

// Commands of this program that a report of a recording gives work as they are pasted:
// they look at that recording, and not at whatever cluster is at hand.
func TestPasted(t *testing.T) {
	t.Chdir(root)
	ran := map[string]bool{}
	for _, name := range []string{"incident", "all-clear"} {
		pasted(t, name, ran)
	}
	if len(ran) < 3 {
		t.Errorf("only %v stand in the reports: that proves little", ran)
	}
}

func pasted(t *testing.T, name string, ran map[string]bool) {
	t.Helper()
	dir := t.TempDir()
	recording := filepath.Join(dir, "the prod's.zip")
	if err := os.WriteFile(recording, zipped(t, name), 0o600); err != nil {
		t.Fatal(err)
	}
	said, err := exec.Command("gke-preflight", "check", "--snapshot", recording, "--target-version", "1.36", "--as-of", "2026-11-30T04:00:00Z", "--exit-zero", "-o", "json").Output()
	var r preflight.Report
	if err != nil || json.Unmarshal(said, &r) != nil {
		t.Fatalf("%v: %s", err, said)
	}
	for _, f := range r.Findings {
		for _, s := range f.Steps {
			for n, c := range s.Commands {
				if !strings.HasPrefix(c.Text, "gke-preflight ") || strings.HasPrefix(c.Text, "gke-preflight explain") || ran[c.Text] {
					continue
				}
				ran[c.Text] = true
				if !strings.Contains(f.Remedy, c.Text) {
					t.Errorf("the remedy's text and its steps differ: %s", c.Text)
				}
				cmd := exec.Command("sh", "-c", c.Text)
				cmd.Dir = dir
				cmd.Env = append(os.Environ(), "KUBECONFIG="+filepath.Join(dir, "none"), "HOME="+dir)
				out, _ := cmd.CombinedOutput()
				if code := cmd.ProcessState.ExitCode(); code == preflight.ExitCouldNotRun || code > preflight.ExitInconclusive {
					t.Errorf("%s: exit %d: %s", c.Text, code, out)
				}
				after := ""
				if n+1 < len(s.Commands) {
					after = s.Commands[n+1].Text
				}
				if _, file, ok := strings.Cut(after, "--patch-file="); ok {
					if _, err := os.Stat(filepath.Join(dir, strings.Trim(file, "'"))); err != nil {
						t.Errorf("%s does not make what the command after it takes: %v", c.Text, err)
					}
				}
			}
		}
	}
}

func TestAgain(t *testing.T) {
	rootCmd := newRoot()
	check := func(args ...string) *cobra.Command {
		cmd, rest, err := rootCmd.Find(append([]string{"check"}, args...))
		if err != nil || cmd.ParseFlags(rest) != nil {
			t.Fatalf("%v: %v", args, err)
		}
		return cmd
	}
	cmd := check("--context", "a b", "--no-gke", "--target-version", "1.36", "-o", "json", "--policy", "p.yaml")
	for command, want := range map[string]string{
		"gke-preflight fix --out cures":             "gke-preflight fix --out cures --context 'a b' --no-gke --target-version 1.36",
		"gke-preflight check --target-version 1.37": "gke-preflight check --target-version 1.37 --context 'a b' --no-gke",
		"gke-preflight explain break-glass":         "gke-preflight explain break-glass",
		"kubectl get pods":                          "kubectl get pods",
		"gke-preflight rbac | kubectl apply -f -":   "gke-preflight rbac | kubectl apply -f -",
		"gke-preflight nonsense":                    "gke-preflight nonsense",
	} {
		if got := again(cmd, "", command); got != want {
			t.Errorf("%s became %s, want %s", command, got, want)
		}
	}
}
