package checks

import (
	"fmt"

	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

var webhookAnswersWrong = preflight.Check{
	ID:       "GP114",
	Name:     "webhook-answers-wrong",
	Title:    "A webhook's backend gives answers the API server can't use",
	Severity: preflight.Warning,
	Needs:    []facts.Fact{facts.ValidatingWebhooks, facts.MutatingWebhooks, facts.Attempts},
	Uses:     []facts.Fact{facts.Services},
	Run: func(s *facts.Snapshot) (fs []preflight.Finding) {
		for _, w := range webhooks(s) {
			as, paths := answered(s, w, facts.BadAnswer)
			if len(as) == 0 {
				continue
			}
			fs = append(fs, attemptFinding(w, as, paths,
				fmt.Sprintf("%s answers what is no AdmissionReview (%s); %s", w.target(), as[0].Detail, w.effect()),
				"look at what the backend logs, and whether clientConfig names the right path and port:\n"+lookAtPods(s, w)))
		}
		return fs
	},
}
