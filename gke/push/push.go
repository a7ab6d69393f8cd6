// Package push hands the metrics of a report to a Prometheus Pushgateway: a job
// that has ended can't be scraped.
package push

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/push"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// Job is the value of the label job of what is pushed.
const Job = "gke_preflight"

// group are the labels that tell one cluster's metrics from another's.
var group = []string{"project", "location", "cluster"}

// Put replaces, on the Pushgateway at gateway, all metrics of the cluster that
// metrics is about: text in Prometheus's exposition format, every sample of which
// has the labels project, location and cluster. Other clusters' metrics stay. The
// error names no credentials that the URL may hold.
func Put(ctx context.Context, gateway string, metrics io.Reader) error {
	if err := Valid(gateway); err != nil {
		return err
	}
	u, _ := url.Parse(gateway)
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(metrics)
	if err != nil {
		return err
	}
	client := &http.Client{
		Transport:     http.DefaultTransport.(*http.Transport).Clone(),
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	p := push.New(withoutUser(u), Job).Client(client).Format(expfmt.NewFormat(expfmt.TypeTextPlain))
	if u.User != nil {
		password, _ := u.User.Password()
		p = p.BasicAuth(u.User.Username(), password)
	}
	all, values := apart(families)
	for _, name := range group {
		p = p.Grouping(name, values[name])
	}
	err = p.Gatherer(prometheus.GathererFunc(func() ([]*dto.MetricFamily, error) { return all, nil })).PushContext(ctx)
	var failed *url.Error
	if errors.As(err, &failed) {
		err = fmt.Errorf("it does not answer: %w", failed.Err)
	}
	return err
}

// Valid returns an error if gateway is no URL of a Pushgateway.
func Valid(gateway string) error {
	u, err := url.Parse(gateway)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.RawQuery != "" {
		return errors.New("it is no URL such as http://pushgateway.monitoring.svc:9091")
	}
	return nil
}

func withoutUser(u *url.URL) string {
	c := *u
	c.User = nil
	return c.String()
}

// apart takes the labels of the group out of the samples: they are part of the URL.
func apart(families map[string]*dto.MetricFamily) ([]*dto.MetricFamily, map[string]string) {
	values := map[string]string{}
	var all []*dto.MetricFamily
	for _, f := range families {
		for _, m := range f.Metric {
			m.Label = slices.DeleteFunc(m.Label, func(l *dto.LabelPair) bool {
				if slices.Contains(group, l.GetName()) {
					values[l.GetName()] = l.GetValue()
					return true
				}
				return false
			})
		}
		all = append(all, f)
	}
	return all, values
}
