package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"

	"go.yaml.in/yaml/v3"
)

// A workflowStep is a step of a job or of an action.
type workflowStep struct {
	ID, Uses, Run, Shell string
	With, Env            map[string]string
}

// An action is action.yml.
type action struct {
	Inputs  map[string]struct{ Default string }
	Outputs map[string]struct{ Value string }
	Runs    struct {
		Using string
		Steps []workflowStep
	}
}

func theAction(t *testing.T) action {
	t.Helper()
	b, err := os.ReadFile(root + "action.yml")
	if err != nil {
		t.Fatal(err)
	}
	var a action
	if err := yaml.Unmarshal(b, &a); err != nil {
		t.Fatal(err)
	}
	if a.Runs.Using != "composite" || len(a.Runs.Steps) < 2 {
		t.Fatalf("no composite action: %+v", a)
	}
	return a
}

// A runner runs steps in dir as GitHub's does, on a clean slate.
type runner struct {
	dir, temp, path string
	summary         string
	env             []string
}

// ran is what came of an action: what it printed, its outputs, and its exit code.
type ran struct {
	out     string
	outputs map[string]string
	code    int
}

func newRunner(t *testing.T, dir string) *runner {
	temp := t.TempDir()
	arch := map[string]string{"amd64": "X64", "arm64": "ARM64"}[runtime.GOARCH]
	r := &runner{dir: dir, temp: temp, path: dir + "/bin:/usr/local/bin:/usr/bin:/bin", summary: temp + "/summary.md"}
	r.env = []string{"RUNNER_OS=Linux", "RUNNER_ARCH=" + arch, "RUNNER_TEMP=" + temp, "HOME=" + temp, "GITHUB_STEP_SUMMARY=" + r.summary, "GITHUB_PATH=" + temp + "/path", "GITHUB_OUTPUT=" + temp + "/output"}
	return r
}

// script runs a step's script, with what the runner makes of the files that it wrote.
func (r *runner) script(t *testing.T, s workflowStep, env ...string) ran {
	t.Helper()
	if strings.Contains(s.Run, "${{") {
		t.Errorf("what an expression holds would be run: %s", s.Run)
	}
	for _, f := range []string{"path", "output"} {
		write(t, filepath.Join(r.temp, f), "")
	}
	cmd := exec.Command("bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c", s.Run)
	cmd.Dir = r.dir
	cmd.Env = append(append(r.env, "PATH="+r.path), env...)
	b, err := cmd.CombinedOutput()
	if _, exited := err.(*exec.ExitError); err != nil && !exited {
		t.Fatal(err)
	}
	got := ran{out: string(b), outputs: map[string]string{}, code: cmd.ProcessState.ExitCode()}
	for line := range strings.Lines(contents(t, r.temp+"/output")) {
		name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
		got.outputs[name] = value
	}
	for line := range strings.Lines(contents(t, r.temp+"/path")) {
		r.path = strings.TrimSuffix(line, "\n") + ":" + r.path
	}
	return got
}

var expression = regexp.MustCompile(`\$\{\{ (inputs|steps\.\w+\.outputs)\.([\w-]+) \}\}`)

// uses runs the action with inputs.
func (r *runner) uses(t *testing.T, inputs map[string]string) ran {
	t.Helper()
	a := theAction(t)
	all := ran{outputs: map[string]string{}}
	byStep := map[string]map[string]string{}
	for _, s := range a.Runs.Steps {
		if s.Shell != "bash" {
			t.Errorf("step %s has the shell %q", s.ID, s.Shell)
		}
		var env []string
		for name, value := range s.Env {
			m := expression.FindStringSubmatch(value)
			if m == nil || m[0] != value || m[1] != "inputs" {
				t.Fatalf("%s: %s", name, value)
			}
			input, known := a.Inputs[m[2]]
			if !known {
				t.Errorf("there is no input %s", m[2])
			}
			given, ok := inputs[m[2]]
			if !ok {
				given = input.Default
			}
			env = append(env, name+"="+given)
		}
		got := r.script(t, s, env...)
		all.out, all.code, byStep[s.ID] = all.out+got.out, got.code, got.outputs
		if got.code != 0 {
			break
		}
	}
	for name, o := range a.Outputs {
		m := expression.FindStringSubmatch(o.Value)
		if m == nil || m[0] != o.Value {
			t.Fatalf("output %s: %s", name, o.Value)
		}
		all.outputs[name] = byStep[strings.Split(m[1], ".")[1]][m[2]]
	}
	return all
}

// A mirror serves the archive of one release, and counts what is asked of it.
type mirror struct {
	url, sha256 string
	asked       atomic.Int32
}

// newMirror serves an archive whose program runs this one; it leaves a file called ran
// where it does.
func newMirror(t *testing.T, program string) *mirror {
	t.Helper()
	var archive bytes.Buffer
	zipped := gzip.NewWriter(&archive)
	files := tar.NewWriter(zipped)
	for name, text := range map[string]string{"LICENSE": "", "kubectl-gke_preflight": "#!/bin/sh\ntouch ran\nexec " + program + " \"$@\"\n"} {
		err := files.WriteHeader(&tar.Header{Name: name, Mode: 0o755, Size: int64(len(text))})
		if err == nil {
			_, err = files.Write([]byte(text))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := files.Close(); err != nil {
		t.Fatal(err)
	}
	if err := zipped.Close(); err != nil {
		t.Fatal(err)
	}
	m := &mirror{sha256: fmt.Sprintf("%x", sha256.Sum256(archive.Bytes()))}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		m.asked.Add(1)
		if r.URL.Path != "/mirror/v1.0.0/gke-preflight_linux_"+runtime.GOARCH+".tar.gz" {
			http.NotFound(w, r)
			return
		}
		_, _ = w.Write(archive.Bytes())
	}))
	t.Cleanup(server.Close)
	m.url = server.URL + "/mirror"
	return m
}

// stepsIn are the steps of a workflow, or of the YAML in a page.
func stepsIn(t *testing.T, file string) (steps []workflowStep) {
	t.Helper()
	texts := []string{contents(t, root+file)}
	if strings.HasSuffix(file, ".md") {
		blocks := regexp.MustCompile("(?ms)^```yaml\n(.*?)^```").FindAllStringSubmatch(texts[0], -1)
		texts = nil
		for _, m := range blocks {
			texts = append(texts, m[1])
		}
	}
	for _, text := range texts {
		var w struct {
			Steps []workflowStep
			Jobs  map[string]struct{ Steps []workflowStep }
		}
		if err := yaml.Unmarshal([]byte(text), &w); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		steps = append(steps, w.Steps...)
		for _, j := range w.Jobs {
			steps = append(steps, j.Steps...)
		}
	}
	return steps
}

const thisAction = "gke-preflight/gke-preflight@"

func contents(t *testing.T, file string) string {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
