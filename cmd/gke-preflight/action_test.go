package main

import (
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

// What the action says of clusters: the step fails as the program does, and annotations,
// summary and outputs are there all the same.
func TestAction(t *testing.T) {
	const at = " --as-of 2026-11-30T04:00:00Z"
	for name, c := range map[string]struct {
		command            string
		code, verdict      string
		annotated, summary string
	}{
		"ready":             {"check --snapshot all-clear.zip" + at, "0", "ready", "::notice title=gke-preflight", "READY"},
		"not ready":         {"check --snapshot incident.zip" + at, "3", "not-ready", "::error title=GP101", "NOT READY"},
		"not ready, zero":   {"check --exit-zero --snapshot incident.zip" + at, "0", "not-ready", "::error title=GP101", "NOT READY"},
		"too old":           {"check --snapshot all-clear.zip --as-of 2027-06-01", "4", "inconclusive", "::error title=", "INCONCLUSIVE"},
		"over two lines":    {"check\n  --snapshot all-clear.zip\n " + at + "\n", "0", "ready", "::notice title=", "READY"},
		"a plan":            {"plan plan.json --snapshots recordings" + at, "3", "not-ready", "::error title=GP121", "not ready"},
		"a fleet":           {"fleet --snapshots recordings" + at, "3", "not-ready", "", ""},
		"no report":         {"check --snapshot gone.zip", "1", "", "", ""},
		"another verb":      {"version", "0", "", "", ""},
		"hostile":           {"check --snapshot $(touch${IFS}owned) ; touch owned\ntouch owned `touch owned` | tee owned > owned \"*\" & ${PATH}", "1", "", "", ""},
		"a hostile command": {"`touch owned` $(touch owned)", "1", "", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMirror(t, program(t))
			dir := pipelineDir(t, "incident.zip")
			for _, recording := range []string{"all-clear.zip", "incident.zip"} {
				write(t, dir+"/"+recording, contents(t, root+"testdata/recorded/"+recording))
			}
			write(t, dir+"/plan.json", contents(t, dir+"/shown.json"))
			r := newRunner(t, dir)
			r.path = strings.TrimPrefix(r.path, dir+"/bin:")
			got := r.uses(t, map[string]string{"version": "v1.0.0", "sha256": m.sha256, "download": m.url + "/", "command": c.command})
			if got.outputs["exit-code"] != c.code || fmt.Sprint(got.code) != c.code || got.outputs["verdict"] != c.verdict {
				t.Errorf("exit code %d, outputs %v\n%s", got.code, got.outputs, got.out)
			}
			summary := ""
			if _, err := os.Stat(r.summary); err == nil {
				summary = contents(t, r.summary)
			}
			if !strings.Contains(got.out, c.annotated) || !strings.Contains(summary, c.summary) || (c.summary == "") != (summary == "") {
				t.Errorf("%s\nsummary:\n%s", got.out, summary)
			}
			if report := got.outputs["report"]; (report == "") != (c.verdict == "") {
				t.Errorf("report %q", report)
			} else if report != "" && !strings.Contains(contents(t, report), `"verdict": "`+c.verdict+`"`) {
				t.Errorf("the report has another verdict")
			}
			if _, err := os.Stat(dir + "/owned"); err == nil {
				t.Error("a shell ran what the command holds")
			}
			if _, err := os.Stat(dir + "/ran"); err != nil {
				t.Error("it is not the archive's program that ran")
			}
		})
	}
}

// Nothing is run, and nothing is left on the PATH, of what is not what was asked for.
func TestActionRefuses(t *testing.T) {
	zeros := strings.Repeat("0", 64)
	for name, c := range map[string]struct {
		inputs map[string]string
		asked  int
		says   string
	}{
		"another checksum":  {map[string]string{"sha256": zeros}, 1, "and " + zeros + " was asked for: nothing of it was unpacked"},
		"no such release":   {map[string]string{"version": "v9.9.9"}, 1, ".tar.gz of v9.9.9 can't be downloaded"},
		"no version":        {map[string]string{"version": ""}, 0, "version: name a release"},
		"a branch":          {map[string]string{"version": "latest"}, 0, "version: name a release"},
		"a path":            {map[string]string{"version": "v1.0.0/../../x"}, 0, "version: name a release"},
		"two lines":         {map[string]string{"version": "v1.0.0\n::warning::x"}, 0, "version: name a release"},
		"a script":          {map[string]string{"version": "v1.0.0$(touch owned)"}, 0, "version: name a release"},
		"no checksum":       {map[string]string{"sha256": ""}, 0, "sha256: give the 64 hexadecimal digits"},
		"a short checksum":  {map[string]string{"sha256": "abc"}, 0, "sha256: give the 64 hexadecimal digits"},
		"a file":            {map[string]string{"download": "file:///etc"}, 0, "download: this is no URL"},
		"an option of curl": {map[string]string{"download": "-o/tmp/x"}, 0, "download: this is no URL"},
		"no command":        {map[string]string{"command": " \n"}, 1, "command: name what to run"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMirror(t, program(t))
			inputs := map[string]string{"version": "v1.0.0", "sha256": m.sha256, "download": m.url, "command": "version"}
			for k, v := range c.inputs {
				inputs[k] = v
			}
			r := newRunner(t, t.TempDir())
			path := r.path
			got := r.uses(t, inputs)
			if got.code != 1 || !strings.Contains(got.out, "::error title=gke-preflight::") || !strings.Contains(got.out, c.says) || int(m.asked.Load()) != c.asked {
				t.Errorf("exit code %d, asked %d times\n%s", got.code, m.asked.Load(), got.out)
			}
			if strings.Contains(got.out, "\n::warning") || r.path != path && name != "no command" {
				t.Errorf("PATH %s\n%s", r.path, got.out)
			}
			for _, f := range []string{"owned", "ran"} {
				if _, err := os.Stat(r.dir + "/" + f); err == nil {
					t.Errorf("there is %s", f)
				}
			}
		})
	}
}

// TestActionDocs holds what people copy against the action.
func TestActionDocs(t *testing.T) {
	a := theAction(t)
	for _, file := range []string{"docs/pipelines/github.yaml", "docs/install.md"} {
		used := 0
		for _, s := range stepsIn(t, file) {
			version, ours := strings.CutPrefix(s.Uses, thisAction)
			if !ours {
				continue
			}
			used++
			if version == "" || s.With["version"] != version || !regexp.MustCompile(`^[0-9a-f]{64}$`).MatchString(s.With["sha256"]) {
				t.Errorf("%s does not pin it: %+v", file, s)
			}
			for name := range s.With {
				if _, known := a.Inputs[name]; !known {
					t.Errorf("%s gives the action %s, which it does not take", file, name)
				}
			}
		}
		if used == 0 {
			t.Errorf("%s does not use the action", file)
		}
	}
}

// TestActionInPipeline runs the workflow that people copy, up to the first step that
// fails, and with the action in its place.
func TestActionInPipeline(t *testing.T) {
	for recording, reached := range map[string]bool{"incident.zip": false, "all-clear.zip": true} {
		t.Run(recording, func(t *testing.T) {
			t.Parallel()
			dir := pipelineDir(t, recording)
			m := newMirror(t, dir+"/bin/gke-preflight")
			r := newRunner(t, dir)
			for _, s := range stepsIn(t, "docs/pipelines/github.yaml") {
				var got ran
				switch {
				case s.Run != "":
					got = r.script(t, s)
				case strings.HasPrefix(s.Uses, thisAction):
					s.With["sha256"], s.With["download"] = m.sha256, m.url
					got = r.uses(t, s.With)
				}
				if got.code != 0 {
					t.Logf("%s%s: exit code %d\n%s", s.Run, s.Uses, got.code, got.out)
					break
				}
			}
			_, err := os.Stat(dir + "/applied")
			if got := err == nil; got != reached {
				t.Errorf("apply was reached: %t, want %t", got, reached)
			}
			if contents(t, r.summary) == "" {
				t.Error("nothing is shown")
			}
		})
	}
}

// program is where this one is, under its own name.
func program(t *testing.T) string {
	t.Helper()
	p, err := exec.LookPath("gke-preflight")
	if err != nil {
		t.Fatal(err)
	}
	return p
}
