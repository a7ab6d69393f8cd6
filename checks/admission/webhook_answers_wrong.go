package admission

import (
	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

var webhookAnswersWrong = preflight.Check{
	ID:       "GP114",
	Name:     "webhook-answers-wrong",
	Title:    "A webhook's backend gives answers the API server can't use",
	Severity: preflight.Warning,
	Steps:    []preflight.Step{preflight.ControlPlaneStep},
	Needs:    []facts.Fact{facts.ValidatingWebhooks, facts.MutatingWebhooks, facts.Attempts},
	Uses:     []facts.Fact{facts.Services},
	Run: func(s *facts.Snapshot) (fs []preflight.Finding) {
		for _, w := range webhooks(s) {
			if f := faultFinding(s, w, symptoms(s, w, misanswers)); f != nil {
				fs = append(fs, *f)
			}
		}
		return fs
	},
}
