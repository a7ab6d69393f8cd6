package admission

import (
	"fmt"

	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// WebhookNoReadyEndpoints is GP112.
var WebhookNoReadyEndpoints = preflight.Check{
	ID:       "GP112",
	Name:     "webhook-no-ready-endpoints",
	Title:    "A webhook's Service has no ready endpoints",
	Severity: preflight.Warning,
	Steps:    []preflight.Step{preflight.ControlPlaneStep},
	Needs:    []facts.Fact{facts.ValidatingWebhooks, facts.MutatingWebhooks, facts.Services, facts.Endpoints},
	Uses:     []facts.Fact{facts.Attempts},
	Run: func(s *facts.Snapshot) (fs []preflight.Finding) {
		for _, w := range webhooks(s) {
			if w.client.Service == nil {
				continue
			}
			i := findService(s, w)
			if i < 0 || facts.Services.Of(s)[i].Type == "ExternalName" {
				continue
			}
			port := servicePort(facts.Services.Of(s)[i], w.port())
			if port == nil {
				continue
			}
			ready, known := readyEndpoints(s, w, port.Name)
			if ready > 0 {
				continue
			}
			evidence := w.serviceReference()
			evidence.Note += fmt.Sprintf("; endpoints ready: 0 of %d", known)
			f := preflight.Finding{Severity: preflight.Warning, Subject: w.subject(), Evidence: []preflight.Evidence{evidence}}
			if known == 0 {
				f.Summary = fmt.Sprintf("service %s has no endpoints; %s", w.service(), w.effect())
				f.Steps = mend(s, w, nil, "see whether its selector fits any pod, and whether what makes the pods is scaled to zero or can't make them", service, pods, deployments)
			} else {
				f.Summary = fmt.Sprintf("service %s has no ready endpoint, of %d; %s", w.service(), known, w.effect())
				f.Steps = mend(s, w, nil, "see why its pods are not ready (readiness probe, image, node), and bring them back", pods, described, logs)
			}
			if n := answeredOf(s, w); n >= 0 {
				a := facts.Attempts.Of(s)[n]
				f.Summary += fmt.Sprintf("; yet it answered (%s) when it was asked from %s, so that it comes and goes, or one of the two is over", a.Answer, a.Vantage)
				f.Evidence = append(f.Evidence, attemptEvidence(a, fmt.Sprintf("/%d", n)))
			}
			fs = append(fs, f)
		}
		return fs
	},
}

// readyEndpoints counts the endpoints of the webhook's Service on the named
// port, ready and altogether.
func readyEndpoints(s *facts.Snapshot, w webhook, portName string) (ready, all int) {
	for _, e := range facts.Endpoints.Of(s) {
		if e.Namespace+"/"+e.Service != w.service() {
			continue
		}
		for _, a := range e.Endpoints {
			if a.PortName != portName {
				continue
			}
			all++
			if a.Ready {
				ready++
			}
		}
	}
	return ready, all
}
