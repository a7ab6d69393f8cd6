package alerts

import (
	"context"
	"log"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/template"
	"github.com/prometheus/prometheus/util/annotations"
)

const (
	// collected is when the program looked at the cluster.
	collected = "gke_preflight_collected_timestamp_seconds"
	scrape    = 4 * time.Minute
	interval  = 30 * time.Minute
)

// first is when the first night's report is there.
var first = time.Date(2026, 11, 30, 2, 0, 0, 0, time.UTC)

// failed is a night without a report: what there was before stays. lost is one after
// which there is nothing.
var failed, lost = []sample(nil), []sample{}

// A sample is one of what the program writes.
type sample struct {
	labels labels.Labels
	value  float64
}

// with is samples of which those of a metric with these labels have another value.
func with(samples []sample, value float64, metric string, pairs ...string) []sample {
	all := slices.Clone(samples)
	for i, s := range all {
		is := s.labels.Get(labels.MetricName) == metric
		for n := 0; n < len(pairs); n += 2 {
			is = is && s.labels.Get(pairs[n]) == pairs[n+1]
		}
		if is {
			all[i].value = value
		}
	}
	return all
}

// program is where TestMain builds the program.
var program string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "alerts")
	if err != nil {
		log.Fatal(err)
	}
	program = filepath.Join(dir, "gke-preflight")
	if out, err := exec.Command("go", "-C", "../../..", "build", "-o", program, "./cmd/gke-preflight").CombinedOutput(); err != nil {
		log.Fatalf("%v: %s", err, out)
	}
	code := m.Run()
	if err := os.RemoveAll(dir); err != nil {
		log.Fatal(err)
	}
	os.Exit(code)
}

// metricsOf are those that nightly writes of a recording, at a time; of its own if that
// is empty.
func metricsOf(t *testing.T, recording, at string) []sample {
	t.Helper()
	if at == "" {
		at = "2026-11-30T04:00:00Z"
	}
	file := filepath.Join(t.TempDir(), "metrics.prom")
	cmd := exec.Command(program, "nightly", "--exit-zero", "--as-of", at, "--reports", t.TempDir(),
		"--snapshot", "../../recorded/"+recording+".zip", "-o", "prometheus="+file)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	text := expfmt.NewTextParser(model.LegacyValidation)
	families, err := text.TextToMetricFamilies(strings.NewReader(read(t, file)))
	if err != nil {
		t.Fatal(err)
	}
	var all []sample
	for name, f := range families {
		for _, m := range f.Metric {
			b := labels.NewBuilder(labels.FromStrings(labels.MetricName, name))
			for _, l := range m.Label {
				b.Set(l.GetName(), l.GetValue())
			}
			all = append(all, sample{b.Labels(), m.GetGauge().GetValue()})
		}
	}
	if len(all) < 100 {
		t.Fatalf("only %d samples", len(all))
	}
	return all
}

// scraped is what Prometheus has seen of a Pushgateway that got a report each night:
// each stays until the next, and is of a cluster that was looked at just before.
func scraped(nights [][]sample, until time.Time) queryable {
	all := map[uint64]*promql.Series{}
	var now []sample
	var looked time.Time
	for at := first; !at.After(until); at = at.Add(scrape) {
		if n := int(at.Sub(first) / (24 * time.Hour)); at.Sub(first)%(24*time.Hour) == 0 && n < len(nights) && nights[n] != nil {
			now, looked = nights[n], at
		}
		for _, s := range now {
			if s.labels.Get(labels.MetricName) == collected {
				s.value = float64(looked.Unix())
			}
			key := s.labels.Hash()
			if all[key] == nil {
				all[key] = &promql.Series{Metric: s.labels}
			}
			all[key].Floats = append(all[key].Floats, promql.FPoint{T: at.UnixMilli(), F: s.value})
		}
	}
	seen := queryable{}
	for _, s := range all {
		name := s.Metric.Get(labels.MetricName)
		seen[name] = append(seen[name], promql.NewStorageSeries(*s))
	}
	return seen
}

// An alert is one that fires.
type alert struct {
	name        string
	labels      labels.Labels
	annotations map[string]string
}

// evaluate returns the alerts that fire after some time, sorted.
func evaluate(t *testing.T, rules []rulefmt.Rule, nights [][]sample, after time.Duration) (fired []alert) {
	t.Helper()
	end := first.Add(after)
	seen := scraped(nights, end)
	engine := promql.NewEngine(promql.EngineOpts{MaxSamples: 1e7, Timeout: time.Minute, LookbackDelta: 5 * time.Minute, Parser: parser.NewParser(parser.Options{})})
	for _, r := range rules {
		since := map[string]time.Time{}
		for at := first; !at.After(end); at = at.Add(interval) {
			q, err := engine.NewInstantQuery(context.Background(), seen, nil, r.Expr, at)
			if err != nil {
				t.Fatal(err)
			}
			v, err := q.Exec(context.Background()).Vector()
			if err != nil {
				t.Fatal(err)
			}
			active := map[string]time.Time{}
			for _, s := range v {
				key := s.Metric.String()
				active[key] = at
				if begun, ok := since[key]; ok {
					active[key] = begun
				}
				if at.Add(interval).After(end) && at.Sub(active[key]) >= time.Duration(r.For) {
					fired = append(fired, alerting(t, r, s, at))
				}
			}
			since = active
			q.Close()
		}
	}
	slices.SortFunc(fired, func(a, b alert) int { return strings.Compare(a.name, b.name) })
	return fired
}

// alerting is what is sent of a sample.
func alerting(t *testing.T, r rulefmt.Rule, s promql.Sample, at time.Time) alert {
	t.Helper()
	b := labels.NewBuilder(s.Metric).Del(labels.MetricName).Set(labels.AlertName, r.Alert)
	for name, value := range r.Labels {
		b.Set(name, value)
	}
	a := alert{r.Alert, b.Labels(), map[string]string{}}
	data := template.AlertTemplateData(s.Metric.Map(), nil, "", s)
	for name, text := range r.Annotations {
		said, err := template.NewTemplateExpander(context.Background(), "{{$labels := .Labels}}{{$value := .Value}}"+text, r.Alert, data, model.TimeFromUnixNano(at.UnixNano()), nil, &url.URL{}, nil).Expand()
		if err != nil {
			t.Fatal(err)
		}
		a.annotations[name] = said
	}
	return a
}

// queryable gives a query engine what was scraped, by the name of the metric.
type queryable map[string][]storage.Series

func (q queryable) Querier(int64, int64) (storage.Querier, error) { return q, nil }
func (q queryable) Close() error                                  { return nil }
func (q queryable) LabelValues(context.Context, string, *storage.LabelHints, ...*labels.Matcher) ([]string, annotations.Annotations, error) {
	return nil, nil, nil
}
func (q queryable) LabelNames(context.Context, *storage.LabelHints, ...*labels.Matcher) ([]string, annotations.Annotations, error) {
	return nil, nil, nil
}
func (q queryable) Select(_ context.Context, _ bool, _ *storage.SelectHints, matchers ...*labels.Matcher) storage.SeriesSet {
	var found []storage.Series
	named := slices.IndexFunc(matchers, func(m *labels.Matcher) bool { return m.Name == labels.MetricName })
	for _, s := range q[matchers[named].Value] {
		if !slices.ContainsFunc(matchers, func(m *labels.Matcher) bool { return !m.Matches(s.Labels().Get(m.Name)) }) {
			found = append(found, s)
		}
	}
	return &seriesSet{found, -1}
}

// A seriesSet goes through series.
type seriesSet struct {
	all []storage.Series
	at  int
}

func (s *seriesSet) Next() bool                        { s.at++; return s.at < len(s.all) }
func (s *seriesSet) At() storage.Series                { return s.all[s.at] }
func (s *seriesSet) Err() error                        { return nil }
func (s *seriesSet) Warnings() annotations.Annotations { return nil }
