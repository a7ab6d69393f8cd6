package admission

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/gke-preflight/gke-preflight/checks/finding"
	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/remedy"
)

const (
	// fewestDays is how many days must come before the last one to say what is usual.
	fewestDays = 3
	// fewestCalls is how many calls of a day are needed before their latency says anything.
	fewestCalls = 100
)

// The bounds of the histograms that latency is told by lie up to 2.5 times apart.
var (
	risenTo = preflight.Threshold{Check: "GP120", Name: "milliseconds", Default: 1000, Min: 100, Max: 30000, What: "what one in a hundred may take in the last day before a rise is told"}
	risenBy = preflight.Threshold{Check: "GP120", Name: "percent", Default: 200, Min: 110, Max: 1000, What: "how much of the usual the last day is when it is a rise"}
)

var latencyRises = preflight.Check{
	ID:         "GP120",
	Name:       "latency-rises",
	Title:      "The API server or a webhook has become slower over the past week",
	Severity:   preflight.Warning,
	Steps:      []preflight.Step{preflight.ControlPlaneStep},
	Needs:      []facts.Fact{facts.GKELatency, facts.ValidatingWebhooks, facts.MutatingWebhooks},
	Uses:       []facts.Fact{facts.Services},
	After:      backendFaults(),
	Thresholds: []preflight.Threshold{risenTo, risenBy},
	Run: func(s *facts.Snapshot) (fs []preflight.Finding) {
		h := facts.GKELatency.Of(s)
		told := false
		server := preflight.Finding{Severity: preflight.Warning, Subject: preflight.Subject{Kind: "APIServer", Name: "writes"},
			Steps: remedy.Do("find what holds them up: webhooks by GP116, or etcd and load by the control-plane metrics", remedy.Sh("kubectl get --raw /metrics | grep -e apiserver_admission_step -e etcd_request_duration"))}
		var slower []trend
		for i, w := range h.Writes {
			t := trendOf(s, w)
			told = told || t.told
			if t.rises {
				slower = append(slower, t)
				server.Evidence = append(server.Evidence, t.evidence("/writes/%d/days/%d/oneInHundredOver", i))
			}
		}
		if slower != nil {
			server.Summary = fmt.Sprintf("writes to the API server have become slower: of %s %s; while an upgrade runs, fewer API servers bear the load", verbs(slower), slowest(slower))
			fs = append(fs, server)
		}
		for _, w := range webhooks(s) {
			for i, series := range h.Webhooks {
				if t := trendOf(s, series); series.Webhook == w.name && series.Type == w.kind.Type() && t.rises {
					fs = append(fs, preflight.Finding{Severity: preflight.Warning, Subject: w.subject(),
						Summary:  fmt.Sprintf("webhook %s has become slower: %s", w.name, t),
						Evidence: []preflight.Evidence{t.evidence("/webhooks/%d/days/%d/oneInHundredOver", i)},
						Steps:    remedy.Do("look at its backend before the upgrade adds to its load", lookAtPods(s, w))})
				}
			}
		}
		if !told {
			fs = append(fs, preflight.Finding{Severity: preflight.Warning, Subject: server.Subject, Undecided: fmt.Sprintf("whether the API server has become slower: Cloud Monitoring has less than %d days of it", fewestDays+1)})
		}
		return fs
	},
}

// A trend is what a week of latency says.
type trend struct {
	facts.LatencySeries
	told, rises bool
	usual       float64
}

// trendOf compares the last day with the median of those before it. Days with few
// calls say nothing.
func trendOf(s *facts.Snapshot, series facts.LatencySeries) trend {
	t := trend{LatencySeries: series}
	last := len(t.Days) - 1
	if last < 0 || t.Days[last].Count < fewestCalls {
		return t
	}
	var before []float64
	for _, d := range t.Days[:last] {
		if d.Count >= fewestCalls {
			before = append(before, d.OneInHundredOver)
		}
	}
	if len(before) < fewestDays {
		return t
	}
	slices.Sort(before)
	t.told, t.usual = true, before[len(before)/2]
	t.rises = t.now() >= risenTo.Duration(s).Seconds() && 100*t.now() >= float64(risenBy.Of(s))*t.usual
	return t
}

func verbs(all []trend) string {
	var out []string
	for _, t := range all {
		out = append(out, t.Verb)
	}
	return strings.Join(out, ", ")
}

func slowest(all []trend) trend {
	return slices.MaxFunc(all, func(a, b trend) int { return cmp.Compare(a.now(), b.now()) })
}

func (t trend) now() float64 { return t.Days[len(t.Days)-1].OneInHundredOver }

func (t trend) String() string {
	return fmt.Sprintf("at least one in a hundred took over %g s in the last day, against %g s on a usual day before", t.now(), t.usual)
}

func (t trend) evidence(path string, i int) preflight.Evidence {
	last := len(t.Days) - 1
	var days []string
	for _, d := range t.Days {
		days = append(days, fmt.Sprintf("%g", d.OneInHundredOver))
	}
	return finding.EvidenceOf(facts.GKELatency, t.now(), "seconds that at least one in a hundred took longer than, day by day: "+strings.Join(days, ", "), path, i, last)
}
