package kube

import (
	"context"
	"slices"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	discovery "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// identitySelector selects the leases of running API servers
// (IdentityLeaseComponentLabelKey and KubeAPIServer in k8s.io/kubernetes pkg/controlplane/apiserver/server.go).
const identitySelector = "apiserver.kubernetes.io/identity=kube-apiserver"

func identityLeases(ctx context.Context, c *cluster) ([]facts.IdentityLease, error) {
	query := c.typed.CoordinationV1().Leases(metav1.NamespaceSystem).List
	return list(ctx, c.reader, query, metav1.ListOptions{LabelSelector: identitySelector}, func(l *coordinationv1.Lease) (facts.IdentityLease, bool) {
		return facts.IdentityLease{Name: l.Name, Labels: l.Labels, Renewed: renewed(l)}, true
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

// apiService is what is read of an APIService, whose own types are in
// k8s.io/kube-aggregator.
type apiService struct {
	Metadata metav1.ObjectMeta `json:"metadata"`
	Spec     struct {
		Service *struct {
			Namespace string `json:"namespace"`
			Name      string `json:"name"`
		} `json:"service"`
		GroupPriorityMinimum int32 `json:"groupPriorityMinimum"`
		VersionPriority      int32 `json:"versionPriority"`
	} `json:"spec"`
	Status struct {
		Conditions []struct {
			Type   string `json:"type"`
			Status string `json:"status"`
			Reason string `json:"reason"`
		} `json:"conditions"`
	} `json:"status"`
}

func apiServices(ctx context.Context, c *cluster) ([]facts.APIService, error) {
	query := c.dynamic.Resource(schema.GroupVersionResource{Group: "apiregistration.k8s.io", Version: "v1", Resource: "apiservices"}).List
	var broken error
	out, err := list(ctx, c.reader, query, metav1.ListOptions{}, func(u *unstructured.Unstructured) (facts.APIService, bool) {
		var s apiService
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(u.Object, &s); err != nil {
			broken = err
		}
		return s.fact(), true
	})
	if err == nil {
		err = broken
	}
	return out, err
}

func (s apiService) fact() facts.APIService {
	out := facts.APIService{Name: s.Metadata.Name, Labels: s.Metadata.Labels,
		GroupPriorityMinimum: s.Spec.GroupPriorityMinimum, VersionPriority: s.Spec.VersionPriority}
	if s.Spec.Service != nil {
		out.Service = s.Spec.Service.Namespace + "/" + s.Spec.Service.Name
	}
	for _, c := range s.Status.Conditions {
		if c.Type == "Available" {
			out.Available, out.Reason = c.Status, c.Reason
		}
	}
	return out
}
