package whatif

import (
	"fmt"
	"testing"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"

	"golang.org/x/tools/txtar"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/forecast"
)

// BenchmarkOf searches a cluster of 1000 nodes in 3 zones and 4 node pools, with
// 20 fail-closed webhooks on everything: ten on a Service with a pod on each
// node, ten on Services with two pods.
func BenchmarkOf(b *testing.B) {
	s := snapshot(b, &txtar.Archive{})
	services := facts.Services.Of(s)
	var (
		nodes     []facts.Node
		pods      []facts.Pod
		endpoints []facts.ServiceEndpoints
		webhooks  []admissionregistrationv1.ValidatingWebhookConfiguration
		attempts  []facts.Attempt
	)
	everywhere := facts.ServiceEndpoints{Namespace: "all", Service: "hook"}
	for i := range 1000 {
		nodes = append(nodes, facts.Node{Name: fmt.Sprint("n", i), Zone: fmt.Sprint("z", i%3), Pool: fmt.Sprint("p", i%4)})
		pods = append(pods, facts.Pod{Namespace: "all", Name: fmt.Sprint("all-", i), Node: fmt.Sprint("n", i), Owner: "DaemonSet/all", Ready: true})
		everywhere.Endpoints = append(everywhere.Endpoints, facts.Endpoint{IP: fmt.Sprint("10.4.", i), Ready: true, Pod: fmt.Sprint("all-", i)})
	}
	endpoints = append(endpoints, everywhere)
	services = append(services, facts.Service{Namespace: "all", Name: "hook", Ports: []facts.ServicePort{{Port: 443}}})
	for i := range 20 {
		ns := "all"
		if i%2 == 1 {
			ns = fmt.Sprint("ns", i)
			e := facts.ServiceEndpoints{Namespace: ns, Service: "hook"}
			for j := range 2 {
				name := fmt.Sprint(ns, "-", j)
				pods = append(pods, facts.Pod{Namespace: ns, Name: name, Node: fmt.Sprint("n", i+100*j), Owner: "ReplicaSet/x", Ready: true})
				e.Endpoints = append(e.Endpoints, facts.Endpoint{IP: name, Ready: true, Pod: name})
			}
			endpoints = append(endpoints, e)
			services = append(services, facts.Service{Namespace: ns, Name: "hook", Ports: []facts.ServicePort{{Port: 443}}})
		}
		h := worldHook{namespace: ns, rbac: true, guards: []string{ns}}
		c := h.configuration()
		c.Name = fmt.Sprint("c", i)
		webhooks = append(webhooks, c)
		for _, w := range c.Webhooks {
			attempts = append(attempts, facts.Attempt{Type: "Validating", Config: c.Name, Webhook: w.Name, Vantage: facts.PodNetwork, Answer: facts.Allowed, Milliseconds: 1, CertificateNotAfter: "2030-01-01T00:00:00Z"})
		}
	}
	s = s.With(facts.Present(facts.Services, services), facts.Present(facts.Nodes, nodes), facts.Present(facts.BackendPods, pods), facts.Present(facts.Endpoints, endpoints),
		facts.Present(facts.ValidatingWebhooks, webhooks), facts.Present(facts.Attempts, attempts))
	forecast.Of(s)
	b.ResetTimer()
	for b.Loop() {
		if r := compute(s); len(r.Risks) == 0 {
			b.Fatal(r.Gaps)
		}
	}
}
