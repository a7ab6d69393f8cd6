package admission

import (
	"fmt"
	"slices"
	"strings"
	"time"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"

	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/admission"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/remedy"
)

// A webhook is one webhook of either kind of configuration.
type webhook struct {
	kind         admission.Kind
	config, name string
	failClosed   bool
	// timeout is how long the API server waits for an answer.
	timeout time.Duration
	client  admissionregistrationv1.WebhookClientConfig
	// fact and path lead to it in the snapshot.
	fact facts.Fact
	path string
}

func webhooks(s *facts.Snapshot) []webhook {
	var ws []webhook
	add := func(kind admission.Kind, f facts.Fact, i, j int, config, name string, p *admissionregistrationv1.FailurePolicyType, timeout *int32, c admissionregistrationv1.WebhookClientConfig) {
		seconds := int32(10)
		if timeout != nil {
			seconds = *timeout
		}
		ws = append(ws, webhook{
			kind: kind, config: config, name: name, failClosed: p == nil || *p == admissionregistrationv1.Fail,
			timeout: time.Duration(seconds) * time.Second, client: c, fact: f, path: fmt.Sprintf("/%d/webhooks/%d", i, j),
		})
	}
	mutating, _ := facts.MutatingWebhooks.Get(s)
	for i, c := range mutating {
		for j, w := range c.Webhooks {
			add(admission.MutatingWebhook, facts.MutatingWebhooks, i, j, c.Name, w.Name, w.FailurePolicy, w.TimeoutSeconds, w.ClientConfig)
		}
	}
	validating, _ := facts.ValidatingWebhooks.Get(s)
	for i, c := range validating {
		for j, w := range c.Webhooks {
			add(admission.ValidatingWebhook, facts.ValidatingWebhooks, i, j, c.Name, w.Name, w.FailurePolicy, w.TimeoutSeconds, w.ClientConfig)
		}
	}
	return ws
}

func (w webhook) subject() preflight.Subject {
	return preflight.SubjectOf(w.Culprit())
}

// Culprit is the webhook as who sees a write.
func (w webhook) Culprit() admission.Culprit {
	return admission.Culprit{Kind: w.kind, Name: w.config, Webhook: w.name}
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

func (w webhook) port() int32 { return admission.BackendOf(w.client).Port }

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

// asked reports whether the attempt is a question to w.
func (w webhook) asked(a facts.Attempt) bool {
	return admission.CulpritOf(a) == w.Culprit()
}

// serverName is the name that the API server wants in the certificate.
func (w webhook) serverName() string { return admission.BackendOf(w.client).ServerName() }

// hostPort is where a URL leads.
func (w webhook) hostPort() string { return admission.BackendOf(w.client).HostPort() }

func attemptEvidence(a facts.Attempt, path string) preflight.Evidence {
	note := fmt.Sprintf("%s, asked from %s about %s: %s after %d ms", a.Target, a.Vantage, a.Write, a.Answer, a.Milliseconds)
	if a.Detail != "" {
		note += ": " + a.Detail
	}
	return preflight.Evidence{Fact: facts.Attempts.ID(), Path: path + "/answer", Value: a.Answer, Note: note}
}

// lookAtPods is the command that shows a webhook's backend.
func lookAtPods(s *facts.Snapshot, w webhook) remedy.Command {
	if w.client.Service == nil {
		return remedy.Sh("curl --verbose --max-time 10 %s", strings.TrimPrefix(w.target(), "URL "))
	}
	return inNamespace(w, append([]string{"get", "pods", "--output", "wide"}, selecting(s, w)...)...)
}

// resource is the configuration's plural name, as kubectl takes it.
func (w webhook) resource() string { return w.kind.Resource() + "s" }

func (w webhook) serviceReference() preflight.Evidence {
	return preflight.Evidence{Fact: w.fact.ID(), Path: w.path + "/clientConfig/service/name", Value: w.client.Service.Name, Note: fmt.Sprintf("calls %s port %d", w.service(), w.port())}
}

// backendFaults are the checks that say what is wrong with a backend itself.
func backendFaults() []string { return []string{"GP111", "GP112", "GP113", "GP114", "GP115", "GP118"} }
