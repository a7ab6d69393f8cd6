package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"helm.sh/helm/v3/pkg/lint"
	"sigs.k8s.io/yaml"
)

const (
	docs  = "../../../docs/"
	base  = docs + "nightly/base"
	chart = docs + "nightly/chart"
)

// objects are the manifests by kind and name.
func objects(t *testing.T, text string) map[string]any {
	t.Helper()
	all := map[string]any{}
	for _, doc := range strings.Split(text, "\n---\n") {
		var o struct {
			Kind     string
			Metadata struct{ Name string }
		}
		var whole any
		if err := yaml.UnmarshalStrict([]byte(doc), &whole); err != nil {
			t.Fatalf("%v in\n%s", err, doc)
		}
		if err := yaml.Unmarshal([]byte(doc), &o); err != nil || o.Kind == "" || o.Metadata.Name == "" || all[o.Kind+" "+o.Metadata.Name] != nil {
			t.Fatalf("no object, or twice: %v\n%s", err, doc)
		}
		all[o.Kind+" "+o.Metadata.Name] = whole
	}
	return all
}

// at is what stands in an object at a path of fields and indices.
func at(t *testing.T, o any, path ...any) any {
	t.Helper()
	for _, p := range path {
		switch p := p.(type) {
		case string:
			m, _ := o.(map[string]any)
			o = m[p]
		case int:
			l, _ := o.([]any)
			if p >= len(l) {
				t.Fatalf("no %v of %v in %v", p, path, o)
			}
			o = l[p]
		}
	}
	return o
}

var pod = []any{"spec", "jobTemplate", "spec", "template", "spec"}

func container(t *testing.T, all map[string]any) any {
	t.Helper()
	for k, o := range all {
		if strings.HasPrefix(k, "CronJob ") {
			return at(t, o, append(pod, "containers", 0)...)
		}
	}
	t.Fatal("no CronJob")
	return nil
}

// TestSame holds that both ways to install are the same.
func TestSame(t *testing.T) {
	k, err := run([]string{"kustomize", base})
	if err != nil {
		t.Fatal(err)
	}
	h, err := run([]string{"helm", chart, "gke-preflight", "gke-preflight"})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(objects(t, k), objects(t, h)); diff != "" {
		t.Errorf("kustomize (-) and Helm (+) differ: %s", diff)
	}
	if n := len(objects(t, k)); n != 7 {
		t.Errorf("%d objects", n)
	}
}

func TestLint(t *testing.T) {
	for _, m := range lint.All(chart, nil, "gke-preflight", true).Messages {
		if m.Severity > 1 {
			t.Errorf("helm lint: %s", m)
		}
	}
}

// TestOtherRelease holds that two releases in one cluster do not share a name.
func TestOtherRelease(t *testing.T) {
	h, err := helm(chart, "other", "elsewhere", nil)
	if err != nil {
		t.Fatal(err)
	}
	if i := strings.Index(h, "name: gke-preflight"); i >= 0 {
		t.Errorf("named by the chart: %s", h[i:])
	}
	for name, o := range objects(t, h) {
		if !strings.HasSuffix(name, " other") {
			t.Errorf("%s is not named as the release", name)
		}
		if ns := at(t, o, "metadata", "namespace"); ns != "elsewhere" && !strings.HasPrefix(name, "ClusterRole") {
			t.Errorf("%s is in namespace %v", name, ns)
		}
	}
}

func values(t *testing.T, text string) map[string]any {
	t.Helper()
	var v map[string]any
	if err := yaml.UnmarshalStrict([]byte(text), &v); err != nil {
		t.Fatal(err)
	}
	return v
}

func TestValues(t *testing.T) {
	h, err := helm(chart, "gke-preflight", "gke-preflight", values(t, `
image: {repository: registry.example/gke-preflight, tag: v1.2.3, digest: "sha256:`+strings.Repeat("a", 64)+`"}
cluster: {project: my-project, location: europe-west1-b, name: prod}
targetVersion: "-"
reports: {location: gs://my-reports/nightly, keep: 7}
notify: {to: slack, secret: {name: chat}}
pushMetrics: http://pushgateway.monitoring.svc:9091
policy: |
  apiVersion: gke-preflight/v1
  kind: Policy
extraRules: [{apiGroups: [example.com], resources: [widgets], verbs: [get, list]}]
extraArgs: ["--accept=GP104: x"]
serviceAccount: {annotations: {a: b}}
resources: {limits: {memory: 2Gi}}
nodeSelector: {pool: system}
tolerations: [{operator: Exists}]
`))
	if err != nil {
		t.Fatal(err)
	}
	all := objects(t, h)
	if all["PersistentVolumeClaim gke-preflight"] != nil {
		t.Error("a volume is claimed beside a bucket")
	}
	c := container(t, all)
	want := []any{
		"nightly", "--in-cluster", "--project=$(PROJECT)", "--location=$(LOCATION)", "--cluster=$(CLUSTER)", "--target-version=$(TARGET_VERSION)", "--reports=$(REPORTS)", "--keep=7", "--timeout=5m",
		"--exit-zero", "--output=table", "--push-metrics=http://pushgateway.monitoring.svc:9091", "--policy=/etc/gke-preflight/policy.yaml",
		"--notify=slack", "--notify-url-file=/var/run/secrets/gke-preflight/url", "--accept=GP104: x",
	}
	if diff := cmp.Diff(want, at(t, c, "args")); diff != "" {
		t.Error(diff)
	}
	job := all["CronJob gke-preflight"]
	rules, _ := at(t, all["ClusterRole gke-preflight"], "rules").([]any)
	for _, w := range []struct{ got, want any }{
		{at(t, c, "image"), "registry.example/gke-preflight:v1.2.3@sha256:" + strings.Repeat("a", 64)},
		{at(t, c, "resources", "limits", "memory"), "2Gi"},
		{at(t, job, append(pod, "volumes", 0, "secret", "secretName")...), "chat"},
		{at(t, job, append(pod, "volumes", 1, "configMap", "name")...), "gke-preflight-policy"},
		{at(t, job, append(pod, "nodeSelector", "pool")...), "system"},
		{at(t, job, append(pod, "tolerations", 0, "operator")...), "Exists"},
		{at(t, all["ConfigMap gke-preflight-policy"], "data", "policy.yaml"), "apiVersion: gke-preflight/v1\nkind: Policy\n"},
		{at(t, all["ConfigMap gke-preflight"], "data", "LOCATION"), "europe-west1-b"},
		{at(t, all["ConfigMap gke-preflight"], "data", "TARGET_VERSION"), "-"},
		{at(t, all["ServiceAccount gke-preflight"], "metadata", "annotations", "a"), "b"},
		{at(t, rules[len(rules)-1], "resources", 0), "widgets"},
	} {
		if w.got != w.want {
			t.Errorf("got %v, want %v", w.got, w.want)
		}
	}
	if !regexp.MustCompile(`projects/p/topics/t`).MatchString(must(helm(chart, "r", "n", values(t, "notify: {to: pubsub, topic: projects/p/topics/t}")))) {
		t.Error("the topic is not used")
	}
}

func must(s string, err error) string {
	if err != nil {
		return err.Error()
	}
	return s
}

// TestNonsense holds that a mistake in the values is named where it stands.
func TestNonsense(t *testing.T) {
	for text, says := range map[string]string{
		"sheduel: x":                          "'sheduel' not allowed",
		"image: {repo: x}":                    "at '/image': additional properties 'repo' not allowed",
		"image: {digest: latest}":             "at '/image/digest': 'latest' does not match pattern",
		"schedule: nightly":                   "at '/schedule': 'nightly' does not match pattern",
		"reports: {keep: 1}":                  "at '/reports/keep': minimum: got 1, want 2",
		"reports: {keep: many}":               "at '/reports/keep': got string, want integer",
		"reports: {location: my-reports}":     "at '/reports/location': 'my-reports' does not match pattern",
		"reports: {volume: {size: big}}":      "at '/reports/volume/size': 'big' does not match pattern",
		"notify: {to: mail}":                  "at '/notify/to': value must be one of '', 'slack', 'google-chat', 'pubsub'",
		"notify: {to: slack}":                 "notify.secret.name: the Secret that holds the webhook's URL is missing",
		"notify: {to: pubsub}":                "notify.topic: the topic is missing, projects/PROJECT/topics/TOPIC",
		"notify: {url: https://hooks.x/y}":    "at '/notify': additional properties 'url' not allowed",
		"cluster: {location: Europe}":         "at '/cluster/location': 'Europe' does not match pattern",
		"cluster: {name: projects/p/prod}":    "at '/cluster/name': 'projects/p/prod' does not match pattern",
		"pushMetrics: pushgateway:9091":       "at '/pushMetrics': 'pushgateway:9091' does not match pattern",
		"timeout: soon":                       "at '/timeout': 'soon' does not match pattern",
		"extraArgs: --helm":                   "at '/extraArgs': got string, want array",
		"serviceAccount: {annotations: none}": "at '/serviceAccount/annotations': got string, want object",
	} {
		if _, err := helm(chart, "gke-preflight", "gke-preflight", values(t, text)); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v; want %s", text, err, says)
		}
	}
}

// TestGuide builds the kustomizations and takes the values that the guide shows.
func TestGuide(t *testing.T) {
	page, err := os.ReadFile(docs + "nightly.md")
	if err != nil {
		t.Fatal(err)
	}
	kustomizations, charts := 0, 0
	for n, m := range regexp.MustCompile("(?ms)^```yaml\n(.*?)^```").FindAllStringSubmatch(string(page), -1) {
		switch {
		case strings.Contains(m[1], "kind: Kustomization"):
			kustomizations++
			dir := filepath.Join(t.TempDir(), fmt.Sprint(n))
			if err := os.CopyFS(filepath.Join(dir, "base"), os.DirFS(base)); err != nil {
				t.Fatal(err)
			}
			text := regexp.MustCompile(`(?m)^- .*/docs/nightly/base.*$`).ReplaceAllString(m[1], "- base")
			if err := os.WriteFile(filepath.Join(dir, "kustomization.yaml"), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			out, err := kustomize(dir)
			if err != nil {
				t.Errorf("%v of\n%s", err, m[1])
				continue
			}
			if c := container(t, objects(t, out)); at(t, c, "image") == "gke-preflight" {
				t.Errorf("no image is set by\n%s", m[1])
			}
		case strings.Contains(m[1], "# values.yaml"):
			charts++
			out, err := helm(chart, "gke-preflight", "gke-preflight", values(t, m[1]))
			if err != nil {
				t.Errorf("%v of\n%s", err, m[1])
				continue
			}
			objects(t, out)
		}
	}
	if kustomizations < 2 || charts < 1 {
		t.Errorf("the guide shows %d kustomizations and %d values", kustomizations, charts)
	}
}
