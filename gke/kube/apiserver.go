package kube

import (
	"context"
	"slices"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	discovery "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// identitySelector selects the leases of running API servers
// (IdentityLeaseComponentLabelKey and KubeAPIServer in k8s.io/kubernetes pkg/controlplane/apiserver/server.go).
const identitySelector = "apiserver.kubernetes.io/identity=kube-apiserver"

func identityLeases(ctx context.Context, c *cluster) ([]facts.IdentityLease, error) {
	query := c.typed.CoordinationV1().Leases(metav1.NamespaceSystem).List
	return list(ctx, c.reader, query, metav1.ListOptions{LabelSelector: identitySelector}, func(l *coordinationv1.Lease) (facts.IdentityLease, bool) {
		out := facts.IdentityLease{Name: l.Name, Labels: l.Labels, Renewed: renewed(l)}
		if l.Spec.HolderIdentity != nil {
			out.Holder = *l.Spec.HolderIdentity
		}
		if l.Spec.LeaseDurationSeconds != nil {
			out.Seconds = *l.Spec.LeaseDurationSeconds
		}
		return out, true
	})
}

const kubernetesName = "kubernetes"

func kubernetesService(ctx context.Context, c *cluster) (facts.APIServerService, error) {
	var out facts.APIServerService
	service, err := get(ctx, c.reader, kubernetesName, c.typed.CoreV1().Services(metav1.NamespaceDefault).Get)
	if err != nil {
		return out, err
	}
	if service != nil {
		out.Exists = true
		if len(service.Spec.Ports) > 0 {
			out.Port = service.Spec.Ports[0].Port
		}
	}
	e, err := get(ctx, c.reader, kubernetesName, c.typed.CoreV1().Endpoints(metav1.NamespaceDefault).Get)
	if err != nil {
		return out, err
	}
	if e != nil {
		out.Addresses = endpointAddresses(e)
	}
	o := metav1.ListOptions{LabelSelector: discovery.LabelServiceName + "=" + kubernetesName}
	found, err := list(ctx, c.reader, c.typed.DiscoveryV1().EndpointSlices(metav1.NamespaceDefault).List, o, func(s *discovery.EndpointSlice) ([]string, bool) {
		var addresses []string
		for _, e := range s.Endpoints {
			addresses = append(addresses, e.Addresses...)
		}
		return addresses, true
	})
	out.SliceAddresses = unique(slices.Concat(found...))
	return out, err
}

func endpointAddresses(e *corev1.Endpoints) []string {
	var out []string
	for _, s := range e.Subsets {
		for _, a := range s.Addresses {
			out = append(out, a.IP)
		}
	}
	return unique(out)
}

func unique(s []string) []string {
	slices.Sort(s)
	return slices.Compact(s)
}
