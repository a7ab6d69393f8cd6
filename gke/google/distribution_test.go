package google

import (
	"testing"

	monitoring "google.golang.org/api/monitoring/v3"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

func TestLatencyOf(t *testing.T) {
	for name, c := range map[string]struct {
		options *monitoring.BucketOptions
		counts  []int64
		want    facts.Latency
	}{
		"explicit":     {&monitoring.BucketOptions{ExplicitBuckets: &monitoring.Explicit{Bounds: []float64{0.1, 1, 10}}}, []int64{50, 49, 1, 0}, facts.Latency{Count: 100, HalfOver: 0.1, OneInHundredOver: 1}},
		"overflow":     {&monitoring.BucketOptions{ExplicitBuckets: &monitoring.Explicit{Bounds: []float64{0.1, 1, 10}}}, []int64{0, 1, 0, 1}, facts.Latency{Count: 2, HalfOver: 10, OneInHundredOver: 10}},
		"cut short":    {&monitoring.BucketOptions{ExplicitBuckets: &monitoring.Explicit{Bounds: []float64{0.1, 1, 10}}}, []int64{5}, facts.Latency{Count: 5}},
		"one in many":  {&monitoring.BucketOptions{ExplicitBuckets: &monitoring.Explicit{Bounds: []float64{0.1, 1, 10}}}, []int64{199, 0, 0, 1}, facts.Latency{Count: 200}},
		"exponential":  {&monitoring.BucketOptions{ExponentialBuckets: &monitoring.Exponential{Scale: 0.5, GrowthFactor: 2}}, []int64{0, 0, 0, 3}, facts.Latency{Count: 3, HalfOver: 2, OneInHundredOver: 2}},
		"linear":       {&monitoring.BucketOptions{LinearBuckets: &monitoring.Linear{Offset: 1, Width: 2}}, []int64{0, 0, 0, 3}, facts.Latency{Count: 3, HalfOver: 5, OneInHundredOver: 5}},
		"nothing seen": {&monitoring.BucketOptions{LinearBuckets: &monitoring.Linear{Offset: 1, Width: 2}}, nil, facts.Latency{}},
	} {
		got, err := latencyOf(&monitoring.Distribution{BucketOptions: c.options, BucketCounts: c.counts})
		if err != nil || got != c.want {
			t.Errorf("%s: got %+v, %v", name, got, err)
		}
	}
	for location, region := range map[string]string{"europe-west1": "europe-west1", "europe-west1-b": "europe-west1", "us-east4-a": "us-east4"} {
		if got := regionOf(location); got != region {
			t.Errorf("%s is in region %s", location, got)
		}
	}
	if _, err := latencyOf(&monitoring.Distribution{BucketCounts: []int64{1}}); err == nil {
		t.Error("a distribution without bounds is read")
	}
}
