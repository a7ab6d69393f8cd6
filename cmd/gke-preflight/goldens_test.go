package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/render"
)

var update = flag.Bool("update", false, "write the reports of testdata/reports")

const reportsDir = "testdata/reports/"

// Reports of recorded clusters, in all formats at once as a user writes them. Those
// that differ by what is waived are stored as people read them.
var reported = []struct {
	name, recording string
	flags           []string
	exit            int
	stored          []string
}{
	{name: "incident", recording: "incident", exit: preflight.ExitNotReady},
	{name: "all-clear", recording: "all-clear", exit: preflight.ExitReady},
	{name: "inconclusive", recording: "inconclusive", exit: preflight.ExitInconclusive},
	{name: "waived", recording: "incident", flags: []string{"--policy", reportsDir + "waivers.yaml"}, exit: preflight.ExitNotReady, stored: []string{"table", "markdown"}},
	{name: "accepted", recording: "incident", flags: []string{"--accept", "GP101,GP121,GP122,GP123,GP124,GP125,GP126,GP502"}, exit: preflight.ExitReady, stored: []string{"table", "markdown"}},
	{name: "baselined", recording: "incident", flags: []string{"--baseline", reportsDir + "all-clear.json"}, exit: preflight.ExitNotReady, stored: []string{"table", "markdown"}},
	// A report by the first version of the schema, before it grew by the outage, the
	// lifelines, policies and baselines.
	{name: "first-version", flags: []string{"render", "preflight/render/testdata/report-v1.json"}, exit: preflight.ExitNotReady, stored: []string{"table", "markdown"}},
	{name: "unchanged", recording: "incident", flags: []string{"--baseline", reportsDir + "incident.json", "--fail-on-new"}, exit: preflight.ExitReady, stored: []string{"table"}},
}

var endings = map[string]string{
	"table": "txt", "wide": "wide.txt", "markdown": "md", "html": "html", "json": "json", "yaml": "yaml", "junit": "junit.xml",
	"sarif": "sarif", "github": "github", "gitlab": "gitlab.json", "prometheus": "prom", "terraform": "terraform.json",
}

// TestReports holds the reports against stored ones, and every format against its
// own rules.
func TestReports(t *testing.T) {
	t.Chdir(root)
	for name, value := range map[string]string{"GITHUB_STEP_SUMMARY": "", "NO_COLOR": "", "FORCE_COLOR": "", "CLICOLOR_FORCE": "", "LC_ALL": "C.UTF-8", policyVariable: ""} {
		t.Setenv(name, value)
	}
	recordings := t.TempDir()
	for name, b := range map[string][]byte{"incident": zipped(t, "incident"), "all-clear": zipped(t, "all-clear"), "inconclusive": notAsked(t)} {
		if err := os.WriteFile(filepath.Join(recordings, name+".zip"), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range reported {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			args := append([]string{"check", "--snapshot", filepath.Join(recordings, c.recording+".zip"), "--as-of", "2026-11-30T04:00:00Z"}, c.flags...)
			if c.recording == "" {
				args = c.flags
			}
			for format, ending := range endings {
				args = append(args, "-o", format+"="+filepath.Join(dir, c.name+"."+ending))
			}
			var stderr bytes.Buffer
			if code := run(args, stdio{strings.NewReader(""), &bytes.Buffer{}, &stderr}); code != c.exit {
				t.Fatalf("exit code %d, want %d: %s", code, c.exit, stderr.String())
			}
			all := map[string][]byte{}
			for format, ending := range endings {
				b, err := os.ReadFile(filepath.Join(dir, c.name+"."+ending))
				if err != nil {
					t.Fatal(err)
				}
				all[format] = bytes.ReplaceAll(b, []byte(recordings+string(filepath.Separator)), nil)
			}
			valid(t, all)
			if c.stored == nil {
				c.stored = stored()
			}
			for _, format := range c.stored {
				likeStored(t, c.name+"."+endings[format], format, all[format])
			}
		})
	}
}

// stored are all formats but YAML, which is held to be the JSON.
func stored() (names []string) {
	for _, f := range render.Formats() {
		if f.Name != "yaml" {
			names = append(names, f.Name)
		}
	}
	return names
}

func likeStored(t *testing.T, file, format string, got []byte) {
	t.Helper()
	if format == "terraform" {
		got = withoutReport(t, got)
	}
	if *update {
		if err := os.WriteFile(reportsDir+file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(reportsDir + file)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), string(got)); d != "" {
		t.Errorf("testdata/reports/%s differs; read what does, and write it by go test ./cmd/gke-preflight -run TestReports -update:\n%s", file, d)
	}
}

// withoutReport is what the terraform format says beside the whole report, which
// is stored as JSON.
func withoutReport(t *testing.T, b []byte) []byte {
	t.Helper()
	var flat map[string]string
	if err := json.Unmarshal(b, &flat); err != nil {
		t.Fatal(err)
	}
	delete(flat, "json")
	b, err := json.MarshalIndent(flat, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return append(b, '\n')
}

func zipped(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile("testdata/recorded/" + name + ".zip")
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// notAsked is a recording of the incident by somebody who may ask no webhook.
func notAsked(t *testing.T) []byte {
	t.Helper()
	s, err := facts.LoadZip(zipped(t, "incident"))
	if err != nil {
		t.Fatal(err)
	}
	s = s.With(facts.Absent(facts.Attempts, facts.Forbidden, `services "opa" is forbidden: User "auditor" cannot create resource "services/proxy"`))
	var b bytes.Buffer
	if err := s.WriteZip(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
