package admission

import (
	"fmt"

	"github.com/gke-preflight/gke-preflight/checks/finding"
	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/admission"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/remedy"
)

var urlWithoutEgress = preflight.Check{
	ID:       "GP154",
	Name:     "url-without-egress",
	Title:    "A webhook calls a URL that the control plane can't reach",
	Severity: preflight.Warning,
	Steps:    []preflight.Step{preflight.ControlPlaneStep},
	Needs:    []facts.Fact{facts.ValidatingWebhooks, facts.MutatingWebhooks, facts.Conversions, facts.GKENetwork},
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
				finding.EvidenceOf(facts.GKENetwork, mode, "mode of the control plane's egress", "/egress"),
				finding.EvidenceOf(w.fact, *w.client.URL, "what it calls", "%s/clientConfig/url", w.path),
			}
			f.Steps = remedy.Do("call a Service of the cluster instead (clientConfig.service)", edit(s, w)).
				Or("delete the configuration", remedy.Sh("kubectl delete %s %s", w.resource(), w.config))
			fs = append(fs, f)
		}
		return append(fs, convertersWithoutEgress(s, mode)...)
	},
}

// convertersWithoutEgress are the custom resources whose converter is called by a URL.
func convertersWithoutEgress(s *facts.Snapshot, mode string) (fs []preflight.Finding) {
	for i, c := range facts.Conversions.Of(s) {
		if c.ClientConfig.URL == nil {
			continue
		}
		f := preflight.Finding{Severity: preflight.Warning, Subject: preflight.Subject{Kind: "CustomResourceDefinition", Name: c.Name}}
		if mode != "NONE" {
			f.Undecided = fmt.Sprintf("whether the control plane reaches the converter at URL %s is unknown: its egress is in mode %s, which this version does not know", *c.ClientConfig.URL, mode)
			fs = append(fs, f)
			continue
		}
		f.Summary = fmt.Sprintf("custom resource %s is converted at URL %s, and the control plane's egress is off: objects can't be read in a version in which they are not stored", c.Name, *c.ClientConfig.URL)
		f.Evidence = []preflight.Evidence{
			finding.EvidenceOf(facts.GKENetwork, mode, "mode of the control plane's egress", "/egress"),
			finding.EvidenceOf(facts.Conversions, *c.ClientConfig.URL, "what it calls", "/%d/clientConfig/url", i),
		}
		f.Steps = remedy.Do("call a Service of the cluster instead (spec.conversion.webhook.clientConfig.service)", remedy.Sh("kubectl edit customresourcedefinition %s", c.Name))
		fs = append(fs, f)
	}
	return fs
}

// ofGKE reports whether GKE itself runs the webhook beside each API server.
func (w webhook) ofGKE() bool {
	return w.client.URL != nil && admission.Interception{Webhook: w.name, Backend: admission.Backend{URL: *w.client.URL}}.ProviderManaged()
}

// OfGKE are the configurations of the webhooks that GKE itself runs.
func OfGKE(s *facts.Snapshot) map[admission.Culprit]bool {
	all := map[admission.Culprit]bool{}
	for _, w := range webhooks(s) {
		if w.ofGKE() {
			all[w.Culprit().Object()] = true
		}
	}
	return all
}
