package checks

import (
	"fmt"

	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

var webhookNotAnswering = preflight.Check{
	ID:       "GP113",
	Name:     "webhook-not-answering",
	Title:    "A webhook's backend does not answer",
	Severity: preflight.Warning,
	Needs:    []facts.Fact{facts.ValidatingWebhooks, facts.MutatingWebhooks, facts.Attempts},
	Uses:     []facts.Fact{facts.Services, facts.Endpoints, facts.BackendPods},
	Run: func(s *facts.Snapshot) (fs []preflight.Finding) {
		for _, w := range webhooks(s) {
			as, paths := answered(s, w, facts.Hung, facts.HungBeforeTLS, facts.ConnectTimeout, facts.Refused)
			if len(as) == 0 {
				continue
			}
			fs = append(fs, attemptFinding(w, as, paths,
				fmt.Sprintf("%s %s; %s%s", w.target(), silence(as[0]), w.effect(), withoutLiveness(s, w)),
				"restart the backend, and give it a liveness probe that asks what the API server asks:\n"+lookAtPods(s, w)))
		}
		return fs
	},
}

func silence(a facts.Attempt) string {
	switch a.Answer {
	case facts.Refused:
		return "refuses connections"
	case facts.ConnectTimeout:
		return fmt.Sprintf("can't be connected to within %d ms", a.Milliseconds)
	case facts.HungBeforeTLS:
		return fmt.Sprintf("accepts connections and then says nothing, not even TLS, for %d ms", a.Milliseconds)
	}
	return fmt.Sprintf("does not answer within %d ms", a.Milliseconds)
}

// withoutLiveness adds that nothing would restart the backend by itself.
func withoutLiveness(s *facts.Snapshot, w webhook) string {
	pods, ok := facts.BackendPods.Get(s)
	if !ok || w.client.Service == nil {
		return ""
	}
	endpoints, _ := facts.Endpoints.Get(s)
	for _, e := range endpoints {
		if e.Namespace+"/"+e.Service != w.service() {
			continue
		}
		for _, a := range e.Endpoints {
			for _, p := range pods {
				if p.Namespace == e.Namespace && p.Name == a.Pod && !hasLiveness(p) {
					return fmt.Sprintf("; pod %s has no liveness probe, so nothing restarts it", p.Name)
				}
			}
		}
	}
	return ""
}

func hasLiveness(p facts.Pod) bool {
	for _, c := range p.Containers {
		if c.LivenessProbe {
			return true
		}
	}
	return len(p.Containers) == 0
}
