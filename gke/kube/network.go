package kube

import (
	"context"
	"slices"

	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

const systemNamespace = "kube-system"

func networkPolicies(ctx context.Context, c *cluster) ([]facts.NetworkPolicy, error) {
	namespaces, err := backendNamespaces(c)
	if err != nil {
		return nil, err
	}
	if !slices.Contains(namespaces, systemNamespace) {
		namespaces = append(namespaces, systemNamespace)
		slices.Sort(namespaces)
	}
	return each(namespaces, func(namespace string) ([]facts.NetworkPolicy, error) {
		return list(ctx, c.reader, c.typed.NetworkingV1().NetworkPolicies(namespace).List, metav1.ListOptions{}, func(p *networkingv1.NetworkPolicy) (facts.NetworkPolicy, bool) {
			return facts.NetworkPolicy{Namespace: p.Namespace, Name: p.Name, Spec: p.Spec}, true
		})
	})
}

// konnectivityAgents: the label is that of GKE's Deployment.
func konnectivityAgents(ctx context.Context, c *cluster) ([]facts.Pod, error) {
	return list(ctx, c.reader, c.typed.CoreV1().Pods(systemNamespace).List, metav1.ListOptions{LabelSelector: "k8s-app=konnectivity-agent"}, pod)
}

// otherNetworkPolicies reads the names of each kind of the fact's rules that is served.
func otherNetworkPolicies(ctx context.Context, c *cluster) ([]facts.OtherNetworkPolicy, error) {
	resources, err := c.resources()
	if err != nil {
		return nil, dependent("which kinds of network policies are served is unknown", err)
	}
	var kinds []schema.GroupResource
	for _, r := range facts.OtherNetworkPolicies.Access().Rules {
		for _, name := range r.Resources {
			kinds = append(kinds, schema.GroupResource{Group: r.APIGroups[0], Resource: name})
		}
	}
	return each(kinds, func(kind schema.GroupResource) ([]facts.OtherNetworkPolicy, error) {
		gvr, served := newest(resources, kind)
		if !served {
			return nil, nil
		}
		return list(ctx, c.reader, c.metadata.Resource(gvr).List, metav1.ListOptions{}, func(m *metav1.PartialObjectMetadata) (facts.OtherNetworkPolicy, bool) {
			return facts.OtherNetworkPolicy{Resource: kind.String(), Namespace: m.Namespace, Name: m.Name}, true
		})
	})
}
