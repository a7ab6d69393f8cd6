package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	cloudrun "google.golang.org/api/run/v1"
	batchv1 "k8s.io/api/batch/v1"
	"sigs.k8s.io/yaml"
)

const manifests = root + "docs/nightly/"

// TestNightlyRole holds the job's rights against what the facts need. That the chart
// grants the same is tested in testdata/nightly.
func TestNightlyRole(t *testing.T) {
	var want bytes.Buffer
	if code := run([]string{"rbac", "--probe=false"}, stdio{nil, &want, os.Stderr}); code != 0 {
		t.Fatal(code)
	}
	for _, file := range []string{"base/clusterrole.yaml", "chart/templates/clusterrole.yaml"} {
		b, err := os.ReadFile(manifests + file)
		if err != nil {
			t.Fatal(err)
		}
		got, _, _ := strings.Cut(strings.Replace(string(b), "name: {{ .Release.Name }}", "name: gke-preflight", 1), "{{-")
		if diff := cmp.Diff(want.String(), got); diff != "" {
			t.Errorf("docs/nightly/%s is not what gke-preflight rbac --probe=false prints: %s", file, diff)
		}
	}
}

// TestNightlyFlags holds the job's command line against the flags that there are.
func TestNightlyFlags(t *testing.T) {
	b, err := os.ReadFile(manifests + "base/cronjob.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var job batchv1.CronJob
	if err := yaml.UnmarshalStrict(b, &job); err != nil {
		t.Fatal(err)
	}
	args := job.Spec.JobTemplate.Spec.Template.Spec.Containers[0].Args
	cmd, rest, err := newRoot().Find(args)
	if err == nil {
		err = cmd.ParseFlags(rest)
	}
	if err != nil || cmd.Name() != "nightly" || cmd.Flags().NArg() > 0 {
		t.Errorf("%v is %s, %v", args, cmd.Name(), err)
	}
	flags := 0
	for _, file := range []string{manifests + "chart/templates/cronjob.yaml", root + "docs/nightly.md"} {
		b, err := os.ReadFile(filepath.FromSlash(file))
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`(?m)^\s+(?:-|value:) (?:\{\{ printf ")?--([a-z-]+)`).FindAllStringSubmatch(string(b), -1) {
			flags++
			if cmd.Flags().Lookup(m[1]) == nil {
				t.Errorf("%s: nightly has no --%s", file, m[1])
			}
		}
	}
	if flags < 15 {
		t.Errorf("looked at %d flags only", flags)
	}
}

// TestFleetManifests reads the workers' manifests by the engines' own types, and holds
// their command lines against the flags that there are.
func TestFleetManifests(t *testing.T) {
	read := func(file string, into any) {
		b, err := os.ReadFile(root + "docs/fleet/" + file)
		if err == nil {
			err = yaml.UnmarshalStrict(b, into)
		}
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
	}
	var indexed batchv1.Job
	read("kubernetes-job.yaml", &indexed)
	var tasks cloudrun.Job
	read("cloud-run-job.yaml", &tasks)
	if *indexed.Spec.CompletionMode != batchv1.IndexedCompletion || tasks.Spec.Template.Spec.TaskCount < 2 {
		t.Error("the workers are not numbered")
	}
	shards := map[string]string{}
	for file, args := range map[string][]string{
		"kubernetes-job.yaml": indexed.Spec.Template.Spec.Containers[0].Args,
		"cloud-run-job.yaml":  tasks.Spec.Template.Spec.Template.Spec.Containers[0].Args,
	} {
		cmd, rest, err := newRoot().Find(args)
		if err == nil {
			err = cmd.ParseFlags(rest)
		}
		if err != nil || cmd.Name() != "fleet" || cmd.Flags().NArg() > 0 {
			t.Fatalf("%s: %v is %s, %v", file, args, cmd.Name(), err)
		}
		shards[file] = cmd.Flags().Lookup("shards").Value.String()
	}
	if want := fmt.Sprint(*indexed.Spec.Completions); shards["kubernetes-job.yaml"] != want {
		t.Errorf("%s workers share %s parts", want, shards["kubernetes-job.yaml"])
	}
}
