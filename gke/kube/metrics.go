package kube

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

const (
	callsMetric      = "apiserver_admission_webhook_admission_duration_seconds"
	rejectionsMetric = "apiserver_admission_webhook_rejection_count"
	failOpenMetric   = "apiserver_admission_webhook_fail_open_count"
	requestsMetric   = "apiserver_request_duration_seconds"
	deprecatedMetric = "apiserver_requested_deprecated_apis"
	startMetric      = "process_start_time_seconds"
)

// mostMetrics bounds what is kept of /metrics while it is read. The whole of it
// may be many times as much.
const mostMetrics = 64 << 20

// metrics reads /metrics line by line and keeps the families that are used, of
// the requests only those that change something.
func metrics(ctx context.Context, c *cluster) (m facts.Metrics, err error) {
	err = c.call(ctx, func(ctx context.Context) error {
		body, err := c.typed.Discovery().RESTClient().Get().AbsPath("/metrics").SetHeader("Accept", "text/plain").Stream(ctx)
		if err != nil {
			return err
		}
		defer body.Close()
		families, err := families(body)
		if err != nil {
			return fmt.Errorf("/metrics: %w", err)
		}
		m = told(families)
		return nil
	})
	return m, err
}

func families(r io.Reader) (map[string]*dto.MetricFamily, error) {
	kept, err := usedLines(r)
	if err != nil {
		return nil, err
	}
	parser := expfmt.NewTextParser(model.LegacyValidation)
	return parser.TextToMetricFamilies(kept)
}

func usedLines(r io.Reader) (*bytes.Buffer, error) {
	var kept bytes.Buffer
	lines := bufio.NewReaderSize(r, 64<<10)
	for {
		line, err := lines.ReadSlice('\n')
		if err == bufio.ErrBufferFull {
			return nil, fmt.Errorf("a line is longer than %d bytes", lines.Size())
		}
		if used(line) {
			kept.Write(line)
		}
		switch {
		case kept.Len() > mostMetrics:
			return nil, fmt.Errorf("more than %d MB of it would be needed", mostMetrics>>20)
		case err == io.EOF:
			return &kept, nil
		case err != nil:
			return nil, err
		}
	}
}

func used(line []byte) bool {
	text := string(bytes.TrimPrefix(line, []byte("# TYPE ")))
	for _, name := range []string{callsMetric, rejectionsMetric, failOpenMetric, deprecatedMetric, startMetric} {
		if strings.HasPrefix(text, name) {
			return true
		}
	}
	if !strings.HasPrefix(text, requestsMetric) {
		return false
	}
	return len(text) < len(line) || slices.ContainsFunc(writeVerbs, func(v string) bool { return strings.Contains(text, `verb="`+v+`"`) })
}

var writeVerbs = []string{"POST", "PUT", "PATCH", "APPLY", "DELETE"}

func told(families map[string]*dto.MetricFamily) facts.Metrics {
	m := facts.Metrics{Webhooks: webhookCalls(families), Writes: writeLatencies(families[requestsMetric])}
	for _, s := range families[startMetric].GetMetric() {
		if at := cmp.Or(s.GetGauge().GetValue(), s.GetUntyped().GetValue()); at > 0 {
			m.StartedAt = time.Unix(int64(at), 0).UTC().Format(time.RFC3339)
		}
	}
	for _, d := range families[deprecatedMetric].GetMetric() {
		l := labels(d)
		resource := l["resource"]
		if l["subresource"] != "" {
			resource += "/" + l["subresource"]
		}
		m.Deprecated = append(m.Deprecated, facts.DeprecatedRequest{Group: l["group"], Version: l["version"], Resource: resource, RemovedIn: l["removed_release"]})
	}
	slices.SortFunc(m.Deprecated, func(a, b facts.DeprecatedRequest) int {
		return cmp.Or(cmp.Compare(a.Group, b.Group), cmp.Compare(a.Version, b.Version), cmp.Compare(a.Resource, b.Resource))
	})
	return m
}

func webhookCalls(families map[string]*dto.MetricFamily) []facts.WebhookCalls {
	type key struct{ kind, name string }
	histograms := map[key]histogram{}
	calls := map[key]*facts.WebhookCalls{}
	of := func(l map[string]string) (key, *facts.WebhookCalls) {
		kind := "Validating"
		if l["type"] == "admit" {
			kind = "Mutating"
		}
		k := key{kind, l["name"]}
		if calls[k] == nil {
			calls[k] = &facts.WebhookCalls{Webhook: k.name, Type: k.kind}
			histograms[k] = histogram{}
		}
		return k, calls[k]
	}
	for _, m := range families[callsMetric].GetMetric() {
		k, _ := of(labels(m))
		histograms[k].add(m.GetHistogram())
	}
	for _, m := range families[rejectionsMetric].GetMetric() {
		l := labels(m)
		_, w := of(l)
		if l["error_type"] == "no_error" {
			w.Denials += int64(m.GetCounter().GetValue())
		} else {
			w.Errors += int64(m.GetCounter().GetValue())
		}
	}
	for _, m := range families[failOpenMetric].GetMetric() {
		_, w := of(labels(m))
		w.FailedOpen += int64(m.GetCounter().GetValue())
	}
	var all []facts.WebhookCalls
	for k, w := range calls {
		w.Latency = histograms[k].latency()
		all = append(all, *w)
	}
	slices.SortFunc(all, func(a, b facts.WebhookCalls) int {
		return cmp.Or(cmp.Compare(a.Type, b.Type), cmp.Compare(a.Webhook, b.Webhook))
	})
	return all
}

func writeLatencies(family *dto.MetricFamily) []facts.WriteLatency {
	type key struct{ verb, group, resource string }
	histograms := map[key]histogram{}
	for _, m := range family.GetMetric() {
		l := labels(m)
		k := key{l["verb"], l["group"], l["resource"]}
		if l["subresource"] != "" {
			k.resource += "/" + l["subresource"]
		}
		if histograms[k] == nil {
			histograms[k] = histogram{}
		}
		histograms[k].add(m.GetHistogram())
	}
	var all []facts.WriteLatency
	for k, h := range histograms {
		all = append(all, facts.WriteLatency{Verb: k.verb, Group: k.group, Resource: k.resource, Latency: h.latency()})
	}
	slices.SortFunc(all, func(a, b facts.WriteLatency) int {
		return cmp.Or(cmp.Compare(a.Group, b.Group), cmp.Compare(a.Resource, b.Resource), cmp.Compare(a.Verb, b.Verb))
	})
	return all
}

// A histogram counts, by upper bound, what took no longer.
type histogram map[float64]uint64

func (h histogram) add(m *dto.Histogram) {
	for _, b := range m.GetBucket() {
		h[b.GetUpperBound()] += b.GetCumulativeCount()
	}
}

func (h histogram) latency() facts.Latency {
	total := h[math.Inf(1)]
	return facts.Latency{Count: int64(total), HalfOver: h.over(total, 2), OneInHundredOver: h.over(total, 100)}
}

// over returns the greatest bound that at least one in n took longer than.
func (h histogram) over(total uint64, n uint64) float64 {
	over := 0.0
	for _, bound := range slices.Sorted(maps.Keys(h)) {
		slower := total - min(h[bound], total)
		if slower == 0 || slower*n < total {
			break
		}
		over = bound
	}
	return over
}

func labels(m *dto.Metric) map[string]string {
	l := map[string]string{}
	for _, p := range m.GetLabel() {
		l[p.GetName()] = p.GetValue()
	}
	return l
}
