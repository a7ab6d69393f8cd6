package admission

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/remedy"
)

// WebhookBackendMissing is GP111.
var WebhookBackendMissing = preflight.Check{
	ID:       "GP111",
	Name:     "webhook-backend-missing",
	Title:    "A webhook calls a Service or port that does not exist",
	Severity: preflight.Warning,
	Steps:    []preflight.Step{preflight.ControlPlaneStep},
	Needs:    []facts.Fact{facts.ValidatingWebhooks, facts.MutatingWebhooks, facts.Services},
	Run: func(s *facts.Snapshot) (fs []preflight.Finding) {
		for _, w := range webhooks(s) {
			if w.client.Service == nil {
				continue
			}
			summary := ""
			var steps remedy.Steps
			i := findService(s, w)
			switch {
			case i < 0:
				summary = fmt.Sprintf("service %s does not exist; %s", w.service(), w.effect())
				steps = remedy.Do("reinstall what the webhook belongs to").Or("delete what was left behind of it", remedy.Sh("kubectl delete %s %s", w.resource(), w.config))
			case servicePort(facts.Services.Of(s)[i], w.port()) == nil:
				summary = fmt.Sprintf("service %s has no port %d%s; %s", w.service(), w.port(), ports(facts.Services.Of(s)[i]), w.effect())
				steps = mend(s, w, nil, "make clientConfig.service.port name a port of the service", service, edit)
			default:
				continue
			}
			fs = append(fs, preflight.Finding{
				Severity: preflight.Warning,
				Subject:  w.subject(),
				Summary:  summary,
				Evidence: []preflight.Evidence{w.serviceReference()},
				Steps:    steps,
			})
		}
		return fs
	},
}

// ports says which ports the Service has instead.
func ports(v facts.Service) string {
	var all []string
	for _, p := range v.Ports {
		all = append(all, strconv.Itoa(int(p.Port)))
	}
	if all == nil {
		return ""
	}
	return ", only " + strings.Join(all, ", ")
}
