// Package alerts holds the alert rules that the guide to the nightly report comes with
// against Prometheus' own libraries, and against the metrics that the program writes.
package alerts

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql/parser"
	"sigs.k8s.io/yaml"
)

const docs = "../../../docs/"

var update = flag.Bool("update", false, "write docs/nightly/clusterrules.yaml")

func read(t *testing.T, file string) string {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func theRules(t *testing.T) []rulefmt.Rule {
	t.Helper()
	groups, errs := rulefmt.Parse([]byte(read(t, docs+"nightly/alerts.yaml")), false, model.LegacyValidation, parser.NewParser(parser.Options{}))
	if errs != nil {
		t.Fatal(errs)
	}
	if len(groups.Groups) != 1 || len(groups.Groups[0].Rules) == 0 {
		t.Fatalf("%+v", groups)
	}
	return groups.Groups[0].Rules
}

// Managed Prometheus gets the very same groups.
func TestClusterRules(t *testing.T) {
	const file, head = docs + "nightly/clusterrules.yaml", `# Made from alerts.yaml, for Google's Managed Prometheus.
apiVersion: monitoring.googleapis.com/v1
kind: ClusterRules
metadata:
  name: gke-preflight
spec:
`
	alerts := read(t, docs+"nightly/alerts.yaml")
	want := head + regexp.MustCompile(`(?m)^(.)`).ReplaceAllString(alerts[strings.Index(alerts, "groups:"):], "  $1")
	if *update {
		if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if d := cmp.Diff(want, read(t, file)); d != "" {
		t.Errorf("it is another one, -update writes it:\n%s", d)
	}
	var wrapped struct{ Spec any }
	var bare any
	if err := yaml.Unmarshal([]byte(want), &wrapped); err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal([]byte(alerts), &bare); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(bare, wrapped.Spec); d != "" {
		t.Error(d)
	}
}

// An alert on a metric or a check that there is not would never fire.
func TestMetricsAreWritten(t *testing.T) {
	written := metricsOf(t, "incident", "")
	for _, r := range theRules(t) {
		expr, err := parser.NewParser(parser.Options{}).ParseExpr(r.Expr)
		if err != nil {
			t.Fatal(err)
		}
		parser.Inspect(expr, func(n parser.Node, _ []parser.Node) error {
			s, ok := n.(*parser.VectorSelector)
			if !ok {
				return nil
			}
			for _, m := range s.LabelMatchers {
				for value := range strings.SplitSeq(m.Value, "|") {
					if !has(written, s.Name, m.Name, value) {
						t.Errorf("%s: the program writes no %s with %s=%q", r.Alert, s.Name, m.Name, value)
					}
				}
			}
			return nil
		})
	}
}

func has(samples []sample, metric, label, value string) bool {
	for _, s := range samples {
		if s.labels.Get(labels.MetricName) == metric && s.labels.Get(label) == value {
			return true
		}
	}
	return false
}

// What the alerts say of a cluster over some nights: some time after the first, which
// fires, and for which cluster.
func TestAlerts(t *testing.T) {
	ready, notReady := metricsOf(t, "all-clear", ""), metricsOf(t, "incident", "")
	inconclusive := metricsOf(t, "all-clear", "2026-12-20T04:00:00Z")
	expiring := with(ready, 1, "gke_preflight_findings", "check", "GP119", "severity", "warning")
	for name, c := range map[string]struct {
		nights [][]sample
		after  time.Duration
		want   []string
	}{
		"ready for three nights":       {[][]sample{ready, ready, ready}, 71 * time.Hour, nil},
		"not ready":                    {[][]sample{ready, notReady}, 25 * time.Hour, []string{"GKEPreflightNotReady prod"}},
		"not ready, and ready again":   {[][]sample{notReady, ready}, 25 * time.Hour, nil},
		"inconclusive for one night":   {[][]sample{ready, inconclusive}, 47 * time.Hour, nil},
		"inconclusive, then ready":     {[][]sample{inconclusive, ready}, 27 * time.Hour, nil},
		"inconclusive for two nights":  {[][]sample{inconclusive, inconclusive}, 27 * time.Hour, []string{"GKEPreflightInconclusive prod"}},
		"a night that is a bit late":   {[][]sample{ready}, 25 * time.Hour, nil},
		"a night that never came":      {[][]sample{ready}, 27 * time.Hour, []string{"GKEPreflightNotLookedAt prod"}},
		"a night that failed":          {[][]sample{ready, failed, ready}, 27 * time.Hour, []string{"GKEPreflightNotLookedAt prod"}},
		"the Pushgateway lost it":      {[][]sample{ready, lost}, 26 * time.Hour, []string{"GKEPreflightAbsent ", "GKEPreflightGone prod"}},
		"it lost it, and has it again": {[][]sample{ready, lost, ready}, 50 * time.Hour, nil},
		"it was never there":           {[][]sample{lost}, 2 * time.Hour, []string{"GKEPreflightAbsent "}},
		"a certificate ends":           {[][]sample{expiring}, time.Hour, []string{"GKEPreflightEndsSoon prod"}},
	} {
		t.Run(name, func(t *testing.T) {
			fired := evaluate(t, theRules(t), c.nights, c.after)
			var got []string
			for _, a := range fired {
				got = append(got, a.name+" "+a.labels.Get("cluster"))
				a.isReadable(t)
			}
			if d := cmp.Diff(c.want, got); d != "" {
				t.Errorf("fires: %s", d)
			}
		})
	}
}

var anchor = regexp.MustCompile(`[^a-z0-9 -]`)

// isReadable holds that an alert says something, and leads to a page that there is.
func (a alert) isReadable(t *testing.T) {
	t.Helper()
	for name, text := range a.annotations {
		if strings.TrimSpace(text) == "" || strings.Contains(text, "<no value>") || strings.Contains(text, "{{") || strings.Contains(text, "//.") || strings.Contains(text, "  ") {
			t.Errorf("%s: %s: %q", a.name, name, text)
		}
	}
	if a.labels.Get("severity") == "" || a.annotations["summary"] == "" || a.annotations["description"] == "" {
		t.Errorf("%s is not labelled, or says nothing", a.name)
	}
	path, section, _ := strings.Cut(strings.TrimPrefix(a.annotations["runbook_url"], "https://github.com/gke-preflight/gke-preflight/blob/main/docs/"), "#")
	page := read(t, filepath.Join(docs, path))
	if section == "" {
		return
	}
	for line := range strings.Lines(page) {
		if heading, ok := strings.CutPrefix(line, "## "); ok && section == strings.ReplaceAll(anchor.ReplaceAllString(strings.ToLower(strings.TrimSpace(heading)), ""), " ", "-") {
			return
		}
	}
	t.Errorf("%s has no section #%s", path, section)
}
