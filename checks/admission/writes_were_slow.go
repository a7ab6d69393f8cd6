package admission

import (
	"fmt"
	"slices"

	"github.com/gke-preflight/gke-preflight/checks/finding"
	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/remedy"
)

// fewestWrites is how many of a kind are needed before their latency says anything.
var (
	slowWrites   = preflight.Threshold{Check: "GP117", Name: "milliseconds", Default: 1000, Min: 100, Max: 30000, What: "what one in a hundred writes may take before it is told"}
	fewestWrites = preflight.Threshold{Check: "GP117", Name: "writes", Default: 100, Min: 1, Max: 1000000, What: "how many writes of a kind there have to be before their times say anything"}
)

var writesWereSlow = preflight.Check{
	ID:         "GP117",
	Name:       "writes-were-slow",
	Title:      "Writes to the API server were slow",
	Severity:   preflight.Warning,
	Steps:      []preflight.Step{preflight.ControlPlaneStep},
	Needs:      []facts.Fact{facts.APIServerMetrics},
	Thresholds: []preflight.Threshold{slowWrites, fewestWrites},
	Run: func(s *facts.Snapshot) []preflight.Finding {
		m := facts.APIServerMetrics.Of(s)
		f := preflight.Finding{
			Severity: preflight.Warning,
			Subject:  preflight.Subject{Kind: "APIServer", Name: "metrics"},
			Steps:    remedy.Do("find what holds them up: webhooks by GP116, or etcd and load by the control-plane metrics", remedy.Sh("kubectl get --raw /metrics | grep -e apiserver_admission_step -e etcd_request_duration")),
		}
		var slowest facts.WriteLatency
		for i, w := range m.Writes {
			if w.Latency.Count < int64(fewestWrites.Of(s)) || w.Latency.OneInHundredOver < slowWrites.Duration(s).Seconds() || long(w) {
				continue
			}
			if w.Latency.OneInHundredOver > slowest.Latency.OneInHundredOver {
				slowest = w
			}
			f.Evidence = append(f.Evidence, preflight.Evidence{
				Fact: facts.APIServerMetrics.ID(), Path: fmt.Sprintf("/writes/%d/latency/oneInHundredOver", i), Value: w.Latency.OneInHundredOver,
				Note: fmt.Sprintf("seconds that at least one in a hundred of %s took longer than%s", requests(w), finding.Since(s, m)),
			})
		}
		if f.Evidence == nil {
			return nil
		}
		f.Summary = fmt.Sprintf("at least one in a hundred of %s took over %g s; %s slow", requests(slowest), slowest.Latency.OneInHundredOver, kindsWere(len(f.Evidence)))
		return []preflight.Finding{f}
	},
}

func kindsWere(n int) string {
	if n == 1 {
		return "1 kind of write was"
	}
	return fmt.Sprintf("%d kinds of writes were", n)
}

func requests(w facts.WriteLatency) string {
	resource := w.Resource
	if w.Group != "" {
		resource += "." + w.Group
	}
	return fmt.Sprintf("%d %s %s", w.Latency.Count, w.Verb, resource)
}

// long reports whether such requests take long by their nature.
func long(w facts.WriteLatency) bool {
	return slices.Contains([]string{"pods/exec", "pods/attach", "pods/portforward", "pods/proxy", "services/proxy", "nodes/proxy"}, w.Resource)
}
