package checks

import (
	"fmt"

	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/admission"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

var urlWithoutEgress = preflight.Check{
	ID:       "GP154",
	Name:     "url-without-egress",
	Title:    "A webhook calls a URL that the control plane can't reach",
	Severity: preflight.Warning,
	Needs:    []facts.Fact{facts.ValidatingWebhooks, facts.MutatingWebhooks, facts.GKENetwork},
	Run: func(s *facts.Snapshot) (fs []preflight.Finding) {
		mode := facts.GKENetwork.Of(s).Egress
		if mode == "" || mode == "VIA_CONTROL_PLANE" {
			return nil
		}
		for _, w := range webhooks(s) {
			if w.client.URL == nil || w.ofGKE() {
				continue
			}
			f := preflight.Finding{Severity: preflight.Warning, Subject: w.subject()}
			if mode != "NONE" {
				f.Undecided = fmt.Sprintf("whether the control plane reaches %s is unknown: its egress is in mode %s, which this version does not know", w.target(), mode)
				fs = append(fs, f)
				continue
			}
			f.Summary = fmt.Sprintf("webhook calls %s, and the control plane's egress is off: the call gets no answer; %s", w.target(), w.effect())
			f.Evidence = []preflight.Evidence{
				evidenceOf(facts.GKENetwork, mode, "mode of the control plane's egress", "/egress"),
				evidenceOf(w.fact, *w.client.URL, "what it calls", "%s/clientConfig/url", w.path),
			}
			f.Remedy = fmt.Sprintf("call a Service of the cluster instead (clientConfig.service), or delete the configuration:\nkubectl edit %s %s\nkubectl delete %s %s", w.resource(), w.config, w.resource(), w.config)
			fs = append(fs, f)
		}
		return fs
	},
}

// ofGKE reports whether GKE itself runs the webhook beside each API server.
func (w webhook) ofGKE() bool {
	return w.client.URL != nil && admission.Interception{Webhook: w.name, Backend: admission.Backend{URL: *w.client.URL}}.ProviderManaged()
}
