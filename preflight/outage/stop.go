package outage

import (
	"fmt"
	"slices"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/gke-preflight/gke-preflight/preflight/admission"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/forecast"
	"github.com/gke-preflight/gke-preflight/preflight/lifeline"
)

// culpritsOf are those who make the control plane or the heartbeats fail.
func culpritsOf(f forecast.Forecast) []admission.Culprit {
	var out []admission.Culprit
	add := func(bs []forecast.Blame) {
		for _, b := range bs {
			if !slices.Contains(out, b.Culprit) {
				out = append(out, b.Culprit)
			}
		}
	}
	for _, h := range f.ControlPlane.Hooks {
		if h.Outcome.Fails() {
			add(f.ControlPlane.AtFault(h))
		}
	}
	for _, l := range f.Lifelines {
		if l.Group == string(lifeline.Heartbeats) && l.Outcome == forecast.Lost {
			add(l.AtFault())
		}
	}
	return out
}

// BreakGlass is the command that takes a webhook configuration, or a policy's
// binding, away; false for one that has none, or whose name is none that
// Kubernetes allows.
func BreakGlass(c admission.Culprit) (Stop, bool) {
	o := c.Object()
	switch {
	case c.Kind.IsWebhook():
	case c.Kind.IsPolicy():
		o = c.Binding()
	default:
		return Stop{}, false
	}
	kind, name := o.Kind.Resource(), o.Name
	if len(validation.IsDNS1123Subdomain(name)) > 0 {
		return Stop{}, false
	}
	return Stop{
		Does:    "ends it while any API server answers: no webhook sees its own removal",
		Command: fmt.Sprintf("kubectl get %s %s --output yaml > %s.yaml && kubectl delete %s %s", kind, name, name, kind, name),
	}, true
}

// stops are the commands that end it, and those that keep nodes out of it.
func stops(s *facts.Snapshot, f forecast.Forecast, culprits []admission.Culprit) []Stop {
	var out []Stop
	for _, c := range culprits {
		if stop, ok := BreakGlass(c); ok && !slices.Contains(out, stop) {
			out = append(out, stop)
		}
	}
	cluster, known := facts.GKECluster.Get(s)
	c := s.Meta.Cluster
	for _, p := range f.Nodes.Pools {
		if p.Nodes > 0 && !(known && cluster.Autopilot) {
			out = append(out, Stop{
				Does:    "keeps node pool " + p.Name + " out of it if done before the upgrade, and must be undone after: repairs that have begun go on",
				Command: fmt.Sprintf("gcloud container node-pools update %s --no-enable-autorepair --cluster %s --location %s --project %s", p.Name, c.Name, c.Location, c.Project),
			})
		}
	}
	return out
}

// backendNodes are the nodes of the pools on which the culprits' backends run.
func backendNodes(s *facts.Snapshot, pools []forecast.Pool, culprits []admission.Culprit) []Affected {
	nodes, _ := facts.Nodes.Get(s)
	exposed := map[string]bool{}
	for _, n := range nodes {
		exposed[n.Name] = slices.ContainsFunc(pools, func(p forecast.Pool) bool { return p.Name == n.Pool })
	}
	all, _ := facts.Endpoints.Get(s)
	var out []Affected
	for _, c := range culprits {
		service := serviceOf(s, c)
		a := Affected{What: "the backend of " + c.Webhook}
		for _, e := range all {
			if service == nil || e.Namespace != service.Namespace || e.Service != service.Name {
				continue
			}
			for _, address := range e.Endpoints {
				if exposed[address.Node] {
					a.add(address.Node)
				}
			}
		}
		if a.Count > 0 {
			out = append(out, a)
		}
	}
	return out
}

// serviceOf is what the webhook calls; nil for a URL or a policy.
func serviceOf(s *facts.Snapshot, c admission.Culprit) *admissionregistrationv1.ServiceReference {
	validating, _ := facts.ValidatingWebhooks.Get(s)
	for _, o := range validating {
		for _, w := range o.Webhooks {
			if c == (admission.Culprit{Kind: admission.ValidatingWebhook, Name: o.Name, Webhook: w.Name}) {
				return w.ClientConfig.Service
			}
		}
	}
	mutating, _ := facts.MutatingWebhooks.Get(s)
	for _, o := range mutating {
		for _, w := range o.Webhooks {
			if c == (admission.Culprit{Kind: admission.MutatingWebhook, Name: o.Name, Webhook: w.Name}) {
				return w.ClientConfig.Service
			}
		}
	}
	return nil
}
