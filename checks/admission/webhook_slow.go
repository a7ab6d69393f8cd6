package admission

import (
	"fmt"
	"slices"
	"time"

	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// slowPercent: a call that takes the other half longer fails, and calls of an
// upgrade do take longer: over new connections, to backends on nodes that are being
// drained.
var slowPercent = preflight.Threshold{Check: "GP118", Name: "percent", Default: 50, Min: 1, Max: 99, What: "how much of its timeout a webhook may take to answer before it is told"}

var webhookSlow = preflight.Check{
	ID:         "GP118",
	Name:       "webhook-slow",
	Title:      "A webhook answers, but needs much of its timeout for it",
	Severity:   preflight.Warning,
	Steps:      []preflight.Step{preflight.ControlPlaneStep},
	Needs:      []facts.Fact{facts.ValidatingWebhooks, facts.MutatingWebhooks, facts.Attempts},
	Uses:       []facts.Fact{facts.Services, facts.BackendWorkloads},
	After:      []string{"GP113"},
	Thresholds: []preflight.Threshold{slowPercent},
	Run: func(s *facts.Snapshot) (fs []preflight.Finding) {
		for _, w := range webhooks(s) {
			if f := slow(s, w); f != nil {
				fs = append(fs, *f)
			} else if why := unaskable(s, w); why != "" {
				fs = append(fs, preflight.Finding{Severity: preflight.Warning, Subject: w.subject(), Undecided: "how long it takes to answer: " + why})
			}
		}
		return fs
	},
}

// slow is the finding on w if its answers, the middle one of them, take more than
// a share of its timeout.
func slow(s *facts.Snapshot, w webhook) *preflight.Finding {
	var at []int
	for i, a := range facts.Attempts.Of(s) {
		if w.asked(a) && (a.Answer == facts.Allowed || a.Answer == facts.Denied) {
			at = append(at, i)
		}
	}
	if at == nil {
		return nil
	}
	slices.SortStableFunc(at, func(i, j int) int {
		return int(facts.Attempts.Of(s)[i].Milliseconds - facts.Attempts.Of(s)[j].Milliseconds)
	})
	median := facts.Attempts.Of(s)[at[len(at)/2]]
	took := time.Duration(median.Milliseconds) * time.Millisecond
	if took*100 < w.timeout*time.Duration(slowPercent.Of(s)) {
		return nil
	}
	f := &preflight.Finding{
		Severity: preflight.Warning,
		Subject:  w.subject(),
		Summary: fmt.Sprintf("%s takes %d ms of the %d that it has to answer; a call that takes longer fails, and then %s",
			w.target(), median.Milliseconds, w.timeout.Milliseconds(), w.effect()),
		Steps: mend(s, w, nil, "see what it waits for (CPU limits, its own lookups, too few replicas), and give it more of that rather than more time", top, pods, logs),
	}
	for _, i := range at[len(at)/2:][:min(5, len(at)-len(at)/2)] {
		a := facts.Attempts.Of(s)[i]
		f.Evidence = append(f.Evidence, preflight.Evidence{
			Fact: facts.Attempts.ID(), Path: fmt.Sprintf("/%d/ms", i), Value: a.Milliseconds,
			Note: fmt.Sprintf("%s, asked from %s about %s", a.Target, a.Vantage, a.Write),
		})
	}
	return f
}
