package admission

import (
	"fmt"
	"slices"

	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

var webhookNotAnswering = preflight.Check{
	ID:       "GP113",
	Name:     "webhook-not-answering",
	Title:    "A webhook's backend does not answer",
	Severity: preflight.Warning,
	Steps:    []preflight.Step{preflight.ControlPlaneStep},
	Needs:    []facts.Fact{facts.ValidatingWebhooks, facts.MutatingWebhooks, facts.Attempts},
	Uses:     []facts.Fact{facts.Services, facts.Endpoints, facts.BackendPods, facts.BackendWorkloads},
	Run: func(s *facts.Snapshot) (fs []preflight.Finding) {
		for _, w := range webhooks(s) {
			if f := faultFinding(s, w, exact(symptoms(s, w, silences))); f != nil {
				f.Summary += thoughReady(s, w) + withoutLiveness(s, w)
				fs = append(fs, *f)
			} else if f := foundNobody(s, w); f != nil {
				fs = append(fs, *f)
			} else if why := unaskable(s, w); why != "" {
				fs = append(fs, preflight.Finding{Severity: preflight.Warning, Subject: w.subject(), Undecided: "whether its backend answers: " + why})
			}
		}
		return fs
	},
}

// exact leaves out that nothing came through the service proxy, which can't tell
// when, where a port-forward shows that not even TLS did.
func exact(ys []symptom) []symptom {
	if !slices.ContainsFunc(ys, func(y symptom) bool { return y.answer == facts.HungBeforeTLS }) {
		return ys
	}
	return slices.DeleteFunc(ys, func(y symptom) bool {
		return y.answer == facts.Hung && !slices.ContainsFunc(y.attempts, func(a facts.Attempt) bool { return a.Vantage != facts.ServiceProxy })
	})
}

// unaskable is why none of the questions to w could be put; empty if one could.
func unaskable(s *facts.Snapshot, w webhook) (why string) {
	for _, a := range facts.Attempts.Of(s) {
		switch {
		case !w.asked(a), a.Vantage == facts.PortForward:
		case a.Answer != facts.CouldNotAsk || a.Fault == facts.Redirected:
			return ""
		case why == "":
			why = a.Detail
		}
	}
	return why
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
