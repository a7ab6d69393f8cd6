package admission

import (
	"fmt"
	"strings"

	"github.com/gke-preflight/gke-preflight/checks/finding"
	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/remedy"
)

// slowCalls is in milliseconds; the metrics have buckets, in seconds.
var slowCalls = preflight.Threshold{Check: "GP116", Name: "milliseconds", Default: 1000, Min: 100, Max: 30000, What: "what one in a hundred calls may take before it is told"}

var webhookWasSlow = preflight.Check{
	ID:         "GP116",
	Name:       "webhook-was-slow",
	Title:      "A webhook was slow or failed, whatever it answers now",
	Severity:   preflight.Warning,
	Steps:      []preflight.Step{preflight.ControlPlaneStep},
	Needs:      []facts.Fact{facts.ValidatingWebhooks, facts.MutatingWebhooks, facts.APIServerMetrics},
	Uses:       []facts.Fact{facts.Services},
	After:      backendFaults(),
	Thresholds: []preflight.Threshold{slowCalls},
	Run: func(s *facts.Snapshot) (fs []preflight.Finding) {
		m := facts.APIServerMetrics.Of(s)
		for _, w := range webhooks(s) {
			for i, c := range m.Webhooks {
				if c.Webhook != w.name || !strings.HasPrefix(string(w.kind), c.Type) {
					continue
				}
				if said := history(c, slowCalls.Duration(s).Seconds()); said != "" {
					fs = append(fs, preflight.Finding{
						Severity: preflight.Warning,
						Subject:  w.subject(),
						Summary:  fmt.Sprintf("webhook %s %s", w.name, said),
						Evidence: []preflight.Evidence{{
							Fact: facts.APIServerMetrics.ID(), Path: fmt.Sprintf("/webhooks/%d/latency/count", i), Value: c.Latency.Count,
							Note: "calls that one API server made" + finding.Since(s, m) + "; on a regional cluster the others are not in it, and a webhook of the same name in another configuration is",
						}},
						Steps: remedy.Do("look at its backend under load before the upgrade adds more", lookAtPods(s, w)),
					})
				}
			}
		}
		return fs
	},
}

func history(c facts.WebhookCalls, tooSlow float64) string {
	var said []string
	if over := c.Latency.OneInHundredOver; over >= tooSlow {
		said = append(said, fmt.Sprintf("took over %g s for %s", over, oneInHundred(int(c.Latency.Count), "call")))
	}
	if c.Errors > 0 {
		said = append(said, fmt.Sprintf("could not be called %s, and the request was rejected", times(c.Errors)))
	}
	if c.FailedOpen > 0 {
		said = append(said, fmt.Sprintf("could not be called %s, and the request passed unseen", times(c.FailedOpen)))
	}
	return strings.Join(said, "; ")
}

// oneInHundred is a share of what was counted, of which at least one is meant.
func oneInHundred(n int, noun string) string {
	switch {
	case n == 1:
		return "its only " + noun
	case n < 100:
		return "at least one of " + finding.Count(n, noun)
	}
	return "at least one in a hundred of " + finding.Count(n, noun)
}

func times(n int64) string {
	if n == 1 {
		return "once"
	}
	return fmt.Sprintf("%d times", n)
}
