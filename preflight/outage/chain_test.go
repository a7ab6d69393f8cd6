package outage_test

import (
	"slices"
	"testing"

	"github.com/gke-preflight/gke-preflight/checks"
	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/forecast"
	"github.com/gke-preflight/gke-preflight/preflight/outage"
)

// TestOneTimeline: where a node pool sets a shorter drain, its nodes are deleted at one
// time, whichever part of the report is read.
func TestOneTimeline(t *testing.T) {
	s := incident(t)
	pools := slices.Clone(facts.GKENodePools.Of(s))
	for i := range pools {
		short := int64(600)
		pools[i].Upgrade.DrainSeconds = &short
	}
	s = s.With(facts.Present(facts.GKENodePools, pools))
	r := preflight.NewReport(s, preflight.Run(s, checks.All()), forecast.Of(s))
	var chain, timeline []forecast.Event
	chain = r.Forecast.Nodes.Chain
	for _, m := range r.Forecast.Timeline {
		if m.Since == outage.APILost && m.AfterSeconds != nil {
			timeline = append(timeline, forecast.Event{AfterSeconds: int(m.AfterSeconds.Min), Text: m.Text, Source: m.Source})
		}
	}
	if len(chain) == 0 || chain[0].AfterSeconds != 0 || !slices.Equal(chain[1:], timeline) {
		t.Errorf("the chain and the timeline differ:\n%+v\n%+v", chain, timeline)
	}
	if last := chain[len(chain)-1]; last.AfterSeconds != 1200 {
		t.Errorf("nodes are deleted after %d s, not 1200", last.AfterSeconds)
	}
}
