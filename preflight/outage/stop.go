package outage

import (
	"fmt"
	"slices"
	"strings"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/gke-preflight/gke-preflight/preflight/admission"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/forecast"
	"github.com/gke-preflight/gke-preflight/preflight/lifeline"
)

// culpritsOf are those who make the control plane or the heartbeats fail.
func culpritsOf(f forecast.Forecast) []forecast.Interception {
	var out []forecast.Interception
	add := func(i forecast.Interception) {
		if !slices.ContainsFunc(out, func(o forecast.Interception) bool {
			return o.Kind == i.Kind && o.Name == i.Name && o.Webhook == i.Webhook
		}) {
			out = append(out, i)
		}
	}
	for _, h := range f.ControlPlane.Hooks {
		if !h.Outcome.Fails() {
			continue
		}
		cs := h.Culprits(forecast.Rejects)
		if len(cs) == 0 {
			cs = h.Culprits(forecast.Slows)
		}
		for _, c := range cs {
			add(c.Interception)
		}
	}
	for _, l := range f.Lifelines {
		if l.Group != string(lifeline.Heartbeats) || l.Outcome != forecast.Lost {
			continue
		}
		for _, w := range l.Writes {
			for _, i := range w.InterceptedBy {
				if i.Effect == forecast.Rejects || w.Effect == forecast.Rejects && i.Effect == forecast.Slows {
					add(i)
				}
			}
		}
	}
	return out
}

// BreakGlass is the command that takes a webhook configuration, or a policy's
// binding, away; false for one that has none, or whose name is none that
// Kubernetes allows.
func BreakGlass(i forecast.Interception) (Stop, bool) {
	kind, name := strings.ToLower(i.Kind), i.Name
	switch admission.Kind(i.Kind) {
	case admission.ValidatingWebhook, admission.MutatingWebhook:
	case admission.ValidatingPolicy, admission.MutatingPolicy:
		kind, name = kind+"binding", i.Webhook
	default:
		return Stop{}, false
	}
	if len(validation.IsDNS1123Subdomain(name)) > 0 {
		return Stop{}, false
	}
	return Stop{
		Does:    "ends it while any API server answers: no webhook sees its own removal",
		Command: fmt.Sprintf("kubectl get %s %s --output yaml > %s.yaml && kubectl delete %s %s", kind, name, name, kind, name),
	}, true
}

// stops are the commands that end it, and those that keep nodes out of it.
func stops(s *facts.Snapshot, f forecast.Forecast, culprits []forecast.Interception) []Stop {
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
func backendNodes(s *facts.Snapshot, pools []forecast.Pool, culprits []forecast.Interception) []Affected {
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
func serviceOf(s *facts.Snapshot, i forecast.Interception) *admissionregistrationv1.ServiceReference {
	validating, _ := facts.ValidatingWebhooks.Get(s)
	for _, c := range validating {
		for _, w := range c.Webhooks {
			if i.Kind == string(admission.ValidatingWebhook) && c.Name == i.Name && w.Name == i.Webhook {
				return w.ClientConfig.Service
			}
		}
	}
	mutating, _ := facts.MutatingWebhooks.Get(s)
	for _, c := range mutating {
		for _, w := range c.Webhooks {
			if i.Kind == string(admission.MutatingWebhook) && c.Name == i.Name && w.Name == i.Webhook {
				return w.ClientConfig.Service
			}
		}
	}
	return nil
}
