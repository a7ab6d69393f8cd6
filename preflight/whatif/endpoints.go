package whatif

import (
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// addEndpoints finds what stands behind each backend.
func (m *model) addEndpoints() {
	for i := range m.backends {
		b := &m.backends[i]
		if b.service == "" {
			continue
		}
		for _, e := range m.ready(b) {
			n := m.podOf(b.namespace, e)
			if slices.Contains(b.pods, n) {
				continue
			}
			p := m.pods[n]
			b.pods = append(b.pods, n)
			place := Place{Address: e.IP, Pod: e.Pod, Node: p.node, Zone: p.zone, Pool: p.pool}
			b.places = append(b.places, place)
		}
	}
}

// ready are the ready endpoints of the port that b's webhooks call.
func (m *model) ready(b *backend) []facts.Endpoint {
	port, ok := m.portName(b)
	if !ok {
		return nil
	}
	var es []facts.Endpoint
	for _, v := range facts.Endpoints.Of(m.s) {
		if v.Namespace != b.namespace || v.Service != b.service {
			continue
		}
		for _, e := range v.Endpoints {
			if e.Ready && e.PortName == port {
				es = append(es, e)
			}
		}
	}
	return es
}

func (m *model) portName(b *backend) (string, bool) {
	number := b.name[strings.LastIndexByte(b.name, ':')+1:]
	for _, v := range facts.Services.Of(m.s) {
		if v.Namespace != b.namespace || v.Name != b.service {
			continue
		}
		for _, p := range v.Ports {
			if number == itoa(int(p.Port)) {
				return p.Name, true
			}
		}
	}
	return "", false
}

// podOf returns the index of the pod behind an endpoint.
func (m *model) podOf(namespace string, e facts.Endpoint) int {
	name := e.Pod
	if name == "" {
		name = e.IP
	}
	if n := slices.IndexFunc(m.pods, func(p pod) bool { return p.namespace == namespace && p.name == name }); n >= 0 {
		return n
	}
	p := pod{namespace: namespace, name: name, node: e.Node, budget: -1}
	all, _ := facts.BackendPods.Get(m.s)
	for _, f := range all {
		if f.Namespace == namespace && f.Name == e.Pod {
			m.describe(&p, f)
		}
	}
	nodes, _ := facts.Nodes.Get(m.s)
	for _, n := range nodes {
		if n.Name == p.node {
			p.zone, p.pool = n.Zone, n.Pool
		}
	}
	m.pods = append(m.pods, p)
	return len(m.pods) - 1
}

func (m *model) describe(p *pod, f facts.Pod) {
	if f.Node != "" {
		p.node = f.Node
	}
	kind, _, _ := strings.Cut(f.Owner, "/")
	p.bare, p.daemon, p.hostNetwork = kind == "" || kind == "Node", kind == "DaemonSet", f.HostNetwork
	restarted := slices.ContainsFunc(f.Containers, func(c facts.Container) bool { return c.Restarts > 0 })
	if !restarted && !f.Created.IsZero() && f.ReadySince.After(f.Created) {
		p.start = f.ReadySince.Sub(f.Created)
	}
	budgets, _ := facts.DisruptionBudgets.Get(m.s)
	for i, b := range budgets {
		if b.Namespace != f.Namespace || !Selects(b, f.Labels) {
			continue
		}
		p.several = p.budget >= 0
		p.budget = i
	}
}

// Selects reports whether b governs the eviction of pods with these labels
// (kubernetes pkg/registry/core/pod/storage/eviction.go,
// getPodDisruptionBudgets). A budget with an empty selector governs all pods.
func Selects(b facts.DisruptionBudget, of map[string]string) bool {
	s, err := metav1.LabelSelectorAsSelector(&metav1.LabelSelector{MatchLabels: b.Selector, MatchExpressions: b.Expressions})
	return err == nil && s.Matches(labels.Set(of))
}
