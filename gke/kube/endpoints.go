package kube

import (
	"cmp"
	"context"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	discovery "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
	kubeversion "github.com/gke-preflight/gke-preflight/preflight/version"
)

// endpoints returns one entry for each Service that a webhook calls, also where
// it has no addresses or does not exist.
func endpoints(ctx context.Context, c *cluster) ([]facts.ServiceEndpoints, error) {
	services, err := c.backends()
	if err != nil {
		return nil, err
	}
	running, err := c.version()
	if err != nil {
		return nil, dependent("how this version resolves Services is unknown", err)
	}
	if _, err := kubeversion.Parse(running.GitVersion); err != nil {
		return nil, err
	}
	namespaces, err := backendNamespaces(c)
	if err != nil {
		return nil, err
	}
	read := fromSlices
	if !kubeversion.BackendSlices.In(running.GitVersion) {
		read = fromEndpoints
	}
	found, err := each(namespaces, func(namespace string) ([]facts.ServiceEndpoints, error) {
		return read(ctx, c.reader, namespace)
	})
	if err != nil {
		return nil, err
	}
	return merge(services, found), nil
}

func merge(services []serviceName, found []facts.ServiceEndpoints) []facts.ServiceEndpoints {
	addresses := map[serviceName][]facts.Endpoint{}
	for _, f := range found {
		name := serviceName{f.Namespace, f.Service}
		addresses[name] = append(addresses[name], f.Endpoints...)
	}
	out := []facts.ServiceEndpoints{}
	for _, s := range services {
		all := addresses[s]
		slices.SortFunc(all, func(a, b facts.Endpoint) int {
			return cmp.Or(strings.Compare(a.IP, b.IP), strings.Compare(a.PortName, b.PortName), cmp.Compare(a.Port, b.Port),
				strings.Compare(a.Node, b.Node), strings.Compare(a.Pod, b.Pod))
		})
		out = append(out, facts.ServiceEndpoints{Namespace: s.namespace, Service: s.name, Endpoints: all})
	}
	return out
}

func fromEndpoints(ctx context.Context, r *reader, namespace string) ([]facts.ServiceEndpoints, error) {
	return list(ctx, r, r.typed.CoreV1().Endpoints(namespace).List, metav1.ListOptions{}, func(e *corev1.Endpoints) (facts.ServiceEndpoints, bool) {
		out := facts.ServiceEndpoints{Namespace: e.Namespace, Service: e.Name}
		for _, s := range e.Subsets {
			for _, p := range s.Ports {
				out.Endpoints = appendAddresses(out.Endpoints, s.Addresses, p, true)
				out.Endpoints = appendAddresses(out.Endpoints, s.NotReadyAddresses, p, false)
			}
		}
		return out, true
	})
}

func appendAddresses(out []facts.Endpoint, addresses []corev1.EndpointAddress, port corev1.EndpointPort, ready bool) []facts.Endpoint {
	for _, a := range addresses {
		e := facts.Endpoint{IP: a.IP, PortName: port.Name, Port: port.Port, Ready: ready, Pod: podName(a.TargetRef)}
		if a.NodeName != nil {
			e.Node = *a.NodeName
		}
		out = append(out, e)
	}
	return out
}

// fromSlices reads of each endpoint what the API server does: its first address,
// under the ports that have a name, be it empty, and a number.
func fromSlices(ctx context.Context, r *reader, namespace string) ([]facts.ServiceEndpoints, error) {
	return list(ctx, r, r.typed.DiscoveryV1().EndpointSlices(namespace).List, metav1.ListOptions{LabelSelector: discovery.LabelServiceName}, func(s *discovery.EndpointSlice) (facts.ServiceEndpoints, bool) {
		out := facts.ServiceEndpoints{Namespace: s.Namespace, Service: s.Labels[discovery.LabelServiceName]}
		for _, p := range s.Ports {
			if p.Name == nil || p.Port == nil {
				continue
			}
			for _, e := range s.Endpoints {
				if len(e.Addresses) == 0 {
					continue
				}
				endpoint := facts.Endpoint{IP: e.Addresses[0], PortName: *p.Name, Port: *p.Port, Pod: podName(e.TargetRef),
					Ready: e.Conditions.Ready == nil || *e.Conditions.Ready}
				if e.NodeName != nil {
					endpoint.Node = *e.NodeName
				}
				out.Endpoints = append(out.Endpoints, endpoint)
			}
		}
		return out, true
	})
}

func podName(target *corev1.ObjectReference) string {
	if target == nil || target.Kind != "Pod" {
		return ""
	}
	return target.Name
}
