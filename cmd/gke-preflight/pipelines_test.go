package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// A pipeline is the shell scripts of a file in docs/pipelines, in their order.
func scriptsOf(t *testing.T, file string) []string {
	t.Helper()
	b, err := os.ReadFile(root + "docs/pipelines/" + file)
	if err != nil {
		t.Fatal(err)
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(b, &doc); err != nil {
		t.Fatal(err)
	}
	var scripts []string
	var visit func(n *yaml.Node)
	visit = func(n *yaml.Node) {
		for i, c := range n.Content {
			isScript := n.Kind == yaml.MappingNode && i%2 == 1 && (n.Content[i-1].Value == "run" || n.Content[i-1].Value == "script")
			switch {
			case isScript && c.Kind == yaml.SequenceNode:
				var lines []string
				for _, l := range c.Content {
					lines = append(lines, l.Value)
				}
				scripts = append(scripts, strings.Join(lines, "\n"))
			case isScript:
				scripts = append(scripts, c.Value)
			default:
				visit(c)
			}
		}
	}
	visit(&doc)
	return scripts
}

// What a pipeline installs is a release: with latest it would change by itself.
func TestPinned(t *testing.T) {
	for _, file := range []string{"github.yaml", "gitlab.yaml", "cloudbuild.yaml"} {
		b, err := os.ReadFile(root + "docs/pipelines/" + file)
		if err != nil {
			t.Fatal(err)
		}
		pinned := regexp.MustCompile(`GKE_PREFLIGHT_VERSION[:=] ?v\d+\.\d+\.\d+`).Match(b)
		if strings.Contains(string(b), "@latest") || strings.Contains(string(b), "go install") != pinned {
			t.Errorf("%s does not install a release", file)
		}
	}
}

// TestPipelines runs the scripts of the pipelines that people copy, as their engines
// do: one after the other, up to the first that fails; that of GitHub has a test beside
// its action's. terraform and go are stand-ins,
// and recordings take the clusters' place. What counts is whether apply is reached.
func TestPipelines(t *testing.T) {
	for _, file := range []string{"gitlab.yaml", "cloudbuild.yaml"} {
		for recording, reached := range map[string]bool{"incident.zip": false, "all-clear.zip": true} {
			t.Run(file+"/"+recording, func(t *testing.T) {
				t.Parallel()
				scripts := scriptsOf(t, file)
				if len(scripts) < 3 {
					t.Fatalf("%d scripts", len(scripts))
				}
				dir := pipelineDir(t, recording)
				for _, s := range scripts {
					cmd := exec.Command("sh", "-e", "-c", s)
					cmd.Dir = dir
					cmd.Env = append(os.Environ(), "PATH="+dir+"/bin:"+os.Getenv("PATH"), "GITHUB_STEP_SUMMARY="+dir+"/summary")
					if out, err := cmd.CombinedOutput(); err != nil {
						t.Logf("%s\n%v\n%s", s, err, out)
						break
					}
				}
				_, err := os.Stat(filepath.Join(dir, "applied"))
				if got := err == nil; got != reached {
					t.Errorf("apply was reached: %t, want %t", got, reached)
				}
			})
		}
	}
}

// pipelineDir is a workspace with the programs that a pipeline calls.
func pipelineDir(t *testing.T, recording string) string {
	t.Helper()
	dir := t.TempDir()
	copyIn := func(to, from string) {
		b, err := os.ReadFile(root + "testdata/" + from)
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(dir, to), string(b))
	}
	copyIn("shown.json", "terraform/one.json")
	copyIn("recordings/acme-prod_europe-west1_prod.zip", "recorded/"+recording)
	preflight, err := exec.LookPath("gke-preflight")
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "bin/go"), "#!/bin/sh\n")
	write(t, filepath.Join(dir, "bin/terraform"), "#!/bin/sh\ncase \"$1\" in show) cat shown.json;; apply) touch applied;; esac\n")
	write(t, filepath.Join(dir, "bin/gke-preflight"), "#!/bin/sh\nexec "+preflight+" \"$@\" --snapshots recordings --as-of 2026-11-30T04:00:00Z\n")
	return dir
}
