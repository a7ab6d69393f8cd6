package admission

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/gke-preflight/gke-preflight/checks/finding"
	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/network"
	"github.com/gke-preflight/gke-preflight/preflight/remedy"
)

var networkPolicyBlocksWebhook = preflight.Check{
	ID:       "GP153",
	Name:     "network-policy-blocks-webhook",
	Title:    "A NetworkPolicy keeps the control plane from a webhook",
	Severity: preflight.Warning,
	Steps:    []preflight.Step{preflight.ControlPlaneStep},
	Needs: []facts.Fact{facts.ValidatingWebhooks, facts.MutatingWebhooks, facts.Endpoints, facts.BackendPods, facts.Namespaces,
		facts.NetworkPolicies, facts.OtherNetworkPolicies, facts.KonnectivityAgents, facts.GKENetwork},
	Run: func(s *facts.Snapshot) (fs []preflight.Finding) {
		n := facts.GKENetwork.Of(s)
		if len(facts.KonnectivityAgents.Of(s)) == 0 || !n.NetworkPolicy && (n.Datapath == "" || n.Datapath == "LEGACY_DATAPATH") {
			return nil
		}
		seen := map[string]bool{}
		for _, w := range webhooks(s) {
			if w.client.Service == nil || seen[w.service()] {
				continue
			}
			seen[w.service()] = true
			if f := policed(s, w); f != nil {
				f.Severity, f.Subject = preflight.Warning, preflight.Subject{Kind: "Service", Namespace: w.client.Service.Namespace, Name: w.client.Service.Name}
				fs = append(fs, *f)
			}
		}
		return fs
	},
}

// policed judges the way of the agents to the backend of w.
func policed(s *facts.Snapshot, w webhook) *preflight.Finding {
	t := tally{s: s, w: w}
	for _, v := range facts.Endpoints.Of(s) {
		if v.Namespace != w.client.Service.Namespace || v.Service != w.client.Service.Name {
			continue
		}
		for _, e := range v.Endpoints {
			p := slices.IndexFunc(facts.BackendPods.Of(s), func(p facts.Pod) bool { return p.Namespace == v.Namespace && p.Name == e.Pod })
			if !e.Ready {
				continue
			}
			if p < 0 {
				t.miss(v.Namespace, e.Pod)
				continue
			}
			for _, agent := range facts.KonnectivityAgents.Of(s) {
				t.add(agent, facts.BackendPods.Of(s)[p], e.Port)
			}
		}
	}
	return t.finding()
}

// A tally counts the ways from an agent to a Pod.
type tally struct {
	s            *facts.Snapshot
	w            webhook
	all, denied  int
	depends      int
	port         int32
	ingress, out []int
	missed       []string
}

// miss notes a ready endpoint whose Pod was not collected, where a policy may be
// about it. What is no Pod is isolated by none, but an agent may be kept from it.
func (t *tally) miss(namespace, pod string) {
	if slices.ContainsFunc(facts.NetworkPolicies.Of(t.s), func(p facts.NetworkPolicy) bool {
		return p.Namespace == "kube-system" || pod != "" && p.Namespace == namespace
	}) {
		t.missed = append(t.missed, cmp.Or(pod, "an address that is no Pod's"))
	}
}

func (t *tally) add(from, to facts.Pod, port int32) {
	a, b := t.end(from), t.end(to)
	in, isolating := network.Ingress(facts.NetworkPolicies.Of(t.s), a, b, port)
	out, leaving := network.Egress(facts.NetworkPolicies.Of(t.s), a, b, port)
	if datapath := facts.GKENetwork.Of(t.s).Datapath; (datapath == "" || datapath == "LEGACY_DATAPATH") && !from.HostNetwork {
		in, out = matchedByAddress(in), matchedByAddress(out)
	}
	t.all++
	switch min(in, out) {
	case network.Denied:
		t.denied, t.port = t.denied+1, port
	case network.Depends:
		t.depends, t.port = t.depends+1, port
	case network.Allowed:
	}
	if in == network.Denied {
		t.ingress = isolating
	}
	if out == network.Denied {
		t.out = leaving
	}
}

// matchedByAddress: without Dataplane V2 an ipBlock matches Pods too.
func matchedByAddress(a network.Answer) network.Answer {
	if a == network.Depends {
		return network.Allowed
	}
	return a
}

func (t *tally) end(p facts.Pod) network.End {
	for _, n := range facts.Namespaces.Of(t.s) {
		if n.Name == p.Namespace {
			return network.End{Pod: p, NamespaceLabels: n.Labels}
		}
	}
	return network.End{Pod: p}
}

func (t *tally) finding() *preflight.Finding {
	service := "service " + t.w.service()
	others := t.others()
	if t.denied > 0 && others == "" {
		f := &preflight.Finding{Summary: fmt.Sprintf("network policies stop %s from konnectivity-agent to port %d of %s; calls that take it time out, and %s",
			waysOf(t.denied, t.all), t.port, service, t.w.effect())}
		for _, i := range slices.Compact(slices.Sorted(slices.Values(append(slices.Clone(t.ingress), t.out...)))) {
			p := facts.NetworkPolicies.Of(t.s)[i]
			f.Evidence = append(f.Evidence, finding.EvidenceOf(facts.NetworkPolicies, p.Name, "isolates a Pod on the way, in namespace "+p.Namespace, "/%d/name", i))
		}
		f.Steps = t.mend()
		return f
	}
	reason := ""
	switch datapath := facts.GKENetwork.Of(t.s).Datapath; {
	case t.depends > 0:
		reason = "their ipBlock rules, or agents in their node's network, are treated differently by network plugins"
	case datapath != "" && datapath != "ADVANCED_DATAPATH" && datapath != "LEGACY_DATAPATH":
		reason = "the data path " + datapath + " is not known to this version"
	case others == "" && t.missed != nil:
		reason = "not among the Pods collected, but ready behind it, is " + finding.NamesOf(t.missed)
	default:
		reason = others
	}
	if reason == "" {
		return nil
	}
	return &preflight.Finding{Undecided: fmt.Sprintf("whether network policies let the control plane reach %s is unknown: %s", service, reason)}
}

// waysOf says how many of the ways are meant.
func waysOf(n, all int) string {
	if n == all {
		return "every way"
	}
	return fmt.Sprintf("%d of %d ways", n, all)
}

// others names policies that may apply and are not evaluated.
func (t *tally) others() string {
	var names []string
	for _, o := range facts.OtherNetworkPolicies.Of(t.s) {
		if o.Namespace == "" || o.Namespace == "kube-system" || o.Namespace == t.w.client.Service.Namespace {
			names = append(names, o.Resource+" "+o.Name)
		}
	}
	if names == nil {
		return ""
	}
	return "not evaluated are " + finding.NamesOf(names)
}

func (t *tally) mend() remedy.Steps {
	if t.ingress == nil {
		return remedy.Do("let the agents out of kube-system again", remedy.Sh("kubectl --namespace kube-system get networkpolicies"))
	}
	namespace := t.w.client.Service.Namespace
	return remedy.Do("let the agents in by one more policy, here to all Pods of the namespace", remedy.Apply(`apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {namespace: %s, name: allow-konnectivity-agent}
spec:
  podSelector: {}
  policyTypes: [Ingress]
  ingress:
  - from:
    - namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: kube-system}}
      podSelector: {matchLabels: {k8s-app: konnectivity-agent}}
    ports: [{protocol: TCP, port: %d}]`, namespace, t.port))
}
