package checks

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/admission"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// A webhook is one webhook of either kind of configuration.
type webhook struct {
	kind         admission.Kind
	config, name string
	failClosed   bool
	client       admissionregistrationv1.WebhookClientConfig
	// fact and path lead to it in the snapshot.
	fact facts.Fact
	path string
}

func webhooks(s *facts.Snapshot) []webhook {
	var ws []webhook
	add := func(kind admission.Kind, f facts.Fact, i, j int, config, name string, p *admissionregistrationv1.FailurePolicyType, c admissionregistrationv1.WebhookClientConfig) {
		ws = append(ws, webhook{kind, config, name, p == nil || *p == admissionregistrationv1.Fail, c, f, fmt.Sprintf("/%d/webhooks/%d", i, j)})
	}
	for i, c := range facts.MutatingWebhooks.Of(s) {
		for j, w := range c.Webhooks {
			add(admission.MutatingWebhook, facts.MutatingWebhooks, i, j, c.Name, w.Name, w.FailurePolicy, w.ClientConfig)
		}
	}
	for i, c := range facts.ValidatingWebhooks.Of(s) {
		for j, w := range c.Webhooks {
			add(admission.ValidatingWebhook, facts.ValidatingWebhooks, i, j, c.Name, w.Name, w.FailurePolicy, w.ClientConfig)
		}
	}
	return ws
}

func (w webhook) subject() preflight.Subject {
	return preflight.Subject{Kind: string(w.kind), Name: w.config, Webhook: w.name}
}

// effect says what a call that can't be made does to the requests it matches.
func (w webhook) effect() string {
	if w.failClosed {
		return "failurePolicy Fail rejects every request it matches"
	}
	return "failurePolicy Ignore lets every request it matches pass unseen"
}

// service is namespace/name of the backend; empty for a URL.
func (w webhook) service() string {
	if w.client.Service == nil {
		return ""
	}
	return w.client.Service.Namespace + "/" + w.client.Service.Name
}

// target names the backend for a person.
func (w webhook) target() string {
	if w.client.Service == nil {
		if w.client.URL == nil {
			return "backend"
		}
		return "URL " + *w.client.URL
	}
	return "service " + w.service()
}

func (w webhook) port() int32 {
	if w.client.Service == nil || w.client.Service.Port == nil {
		return 443
	}
	return *w.client.Service.Port
}

// findService returns the index of the webhook's Service; -1 if there is none.
func findService(s *facts.Snapshot, w webhook) int {
	return slices.IndexFunc(facts.Services.Of(s), func(v facts.Service) bool {
		return v.Namespace+"/"+v.Name == w.service()
	})
}

func servicePort(v facts.Service, port int32) *facts.ServicePort {
	for i, p := range v.Ports {
		if p.Port == port {
			return &v.Ports[i]
		}
	}
	return nil
}

// answered returns the attempts on w that ended in one of the answers, with
// their places in the snapshot.
func answered(s *facts.Snapshot, w webhook, answers ...facts.Answer) (as []facts.Attempt, paths []string) {
	for i, a := range facts.Attempts.Of(s) {
		if a.Config == w.config && a.Webhook == w.name && strings.HasPrefix(string(w.kind), a.Type) && slices.Contains(answers, a.Answer) {
			as = append(as, a)
			paths = append(paths, "/"+strconv.Itoa(i))
		}
	}
	return as, paths
}

func attemptEvidence(a facts.Attempt, path string) preflight.Evidence {
	note := fmt.Sprintf("%s, asked from %s about %s: %s after %d ms", a.Target, a.Vantage, a.Write, a.Answer, a.Milliseconds)
	if a.Detail != "" {
		note += ": " + a.Detail
	}
	return preflight.Evidence{Fact: facts.Attempts.ID(), Path: path + "/answer", Value: a.Answer, Note: note}
}

// attemptFinding is a finding on w from what its backend answered.
func attemptFinding(w webhook, as []facts.Attempt, paths []string, summary, remedy string) preflight.Finding {
	f := preflight.Finding{Severity: preflight.Warning, Subject: w.subject(), Summary: summary, Remedy: remedy}
	for i, a := range as[:min(len(as), 5)] {
		f.Evidence = append(f.Evidence, attemptEvidence(a, paths[i]))
	}
	return f
}

// lookAtPods is the command that shows a webhook's backend.
func lookAtPods(s *facts.Snapshot, w webhook) string {
	if w.client.Service == nil {
		return "curl --verbose --max-time 10 " + strconv.Quote(strings.TrimPrefix(w.target(), "URL "))
	}
	cmd := "kubectl --namespace " + w.client.Service.Namespace + " get pods --output wide"
	services, _ := facts.Services.Get(s)
	for _, v := range services {
		if v.Namespace+"/"+v.Name == w.service() && len(v.Selector) > 0 {
			cmd += " --selector " + labels.FormatLabels(v.Selector)
		}
	}
	return cmd
}

// resource is the configuration's plural name, as kubectl takes it.
func (w webhook) resource() string { return strings.ToLower(string(w.kind)) + "s" }

func (w webhook) serviceReference() preflight.Evidence {
	return preflight.Evidence{Fact: w.fact.ID(), Path: w.path + "/clientConfig/service/name", Value: w.client.Service.Name, Note: fmt.Sprintf("calls %s port %d", w.service(), w.port())}
}
