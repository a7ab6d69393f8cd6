package rig

import (
	"context"
	"net/netip"
	"slices"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// An Endpoint is a server that a Service leads to, on port 443.
type Endpoint struct {
	Namespace, Service string
	// Pod is the server's Pod.
	Pod string
	// Node is the node that the server's Pod stands on.
	Node string
	// Address is where it listens.
	Address netip.AddrPort
	// CABundle is the CA that issued its certificate, in PEM.
	CABundle []byte
}

// ClientConfig is how a webhook names the endpoint.
func (e Endpoint) ClientConfig(path string) admissionregistrationv1.WebhookClientConfig {
	return admissionregistrationv1.WebhookClientConfig{
		Service:  &admissionregistrationv1.ServiceReference{Namespace: e.Namespace, Name: e.Service, Path: &path},
		CABundle: e.CABundle,
	}
}

// Expose creates what makes the endpoint's Service lead to it, both for the API
// server's own calls and for its service proxy: the namespace with its default
// service account, the Service, a ready Pod, its node if there is none of that
// name, Endpoints and an EndpointSlice. An endpoint of a Service that has others is
// added to them. What exists is left as it is.
func (c *Cluster) Expose(ctx context.Context, e Endpoint) error {
	for _, create := range []func(context.Context, Endpoint) error{
		c.createNamespace, c.createNode, c.createPod, c.createService, c.createEndpoints, c.createEndpointSlice,
	} {
		if err := create(ctx, e); err != nil && !apierrors.IsAlreadyExists(err) {
			return err
		}
	}
	return nil
}

func (e Endpoint) meta() metav1.ObjectMeta {
	return metav1.ObjectMeta{Namespace: e.Namespace, Name: e.Service, Labels: map[string]string{"app": e.Service}}
}

func (c *Cluster) createNamespace(ctx context.Context, e Endpoint) error {
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: e.Namespace}}
	if _, err := c.Client.CoreV1().Namespaces().Create(ctx, namespace, metav1.CreateOptions{}); err != nil && !apierrors.IsAlreadyExists(err) {
		return err
	}
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: e.Namespace, Name: "default"}}
	_, err := c.Client.CoreV1().ServiceAccounts(e.Namespace).Create(ctx, account, metav1.CreateOptions{})
	return err
}

func (c *Cluster) createNode(ctx context.Context, e Endpoint) error {
	if _, err := c.Client.CoreV1().Nodes().Get(ctx, e.Node, metav1.GetOptions{}); !apierrors.IsNotFound(err) {
		return err
	}
	return c.AddNodes(ctx, NodePool{Names: []string{e.Node}})
}

func (c *Cluster) createPod(ctx context.Context, e Endpoint) error {
	pods := c.Client.CoreV1().Pods(e.Namespace)
	meta := e.meta()
	meta.Name = e.Pod
	pod, err := pods.Create(ctx, &corev1.Pod{
		ObjectMeta: meta,
		Spec: corev1.PodSpec{
			NodeName: e.Node,
			Containers: []corev1.Container{{
				Name:  e.Service,
				Image: e.Service + ":rig",
				Ports: []corev1.ContainerPort{{Name: "https", ContainerPort: int32(e.Address.Port())}},
			}},
		},
	}, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	now := metav1.Now()
	pod.Status = corev1.PodStatus{
		Phase:     corev1.PodRunning,
		PodIP:     e.Address.Addr().String(),
		PodIPs:    []corev1.PodIP{{IP: e.Address.Addr().String()}},
		StartTime: &now,
		Conditions: []corev1.PodCondition{
			{Type: corev1.ContainersReady, Status: corev1.ConditionTrue, LastTransitionTime: now},
			{Type: corev1.PodReady, Status: corev1.ConditionTrue, LastTransitionTime: now},
		},
		ContainerStatuses: []corev1.ContainerStatus{{
			Name: e.Service, Image: e.Service + ":rig", Ready: true,
			State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: now}},
		}},
	}
	_, err = pods.UpdateStatus(ctx, pod, metav1.UpdateOptions{})
	return err
}

func (c *Cluster) createService(ctx context.Context, e Endpoint) error {
	_, err := c.Client.CoreV1().Services(e.Namespace).Create(ctx, &corev1.Service{
		ObjectMeta: e.meta(),
		Spec: corev1.ServiceSpec{
			Selector: map[string]string{"app": e.Service},
			Ports:    []corev1.ServicePort{{Name: "https", Port: 443, TargetPort: intstr.FromString("https")}},
		},
	}, metav1.CreateOptions{})
	return err
}

func (e Endpoint) pod() *corev1.ObjectReference {
	return &corev1.ObjectReference{Kind: "Pod", Namespace: e.Namespace, Name: e.Pod}
}

func (c *Cluster) createEndpoints(ctx context.Context, e Endpoint) error {
	//lint:ignore SA1019 minors up to 1.33 resolve a Service through its Endpoints
	endpoints := c.Client.CoreV1().Endpoints(e.Namespace)
	subset := corev1.EndpointSubset{
		Addresses: []corev1.EndpointAddress{{IP: e.Address.Addr().String(), NodeName: &e.Node, TargetRef: e.pod()}},
		Ports:     []corev1.EndpointPort{{Name: "https", Port: int32(e.Address.Port())}},
	}
	//lint:ignore SA1019 as above
	_, err := endpoints.Create(ctx, &corev1.Endpoints{ObjectMeta: e.meta(), Subsets: []corev1.EndpointSubset{subset}}, metav1.CreateOptions{})
	if !apierrors.IsAlreadyExists(err) {
		return err
	}
	all, err := endpoints.Get(ctx, e.Service, metav1.GetOptions{})
	if err != nil {
		return err
	}
	for _, s := range all.Subsets {
		if slices.ContainsFunc(s.Addresses, func(a corev1.EndpointAddress) bool { return a.IP == e.Address.Addr().String() }) {
			return nil
		}
	}
	all.Subsets = append(all.Subsets, subset)
	_, err = endpoints.Update(ctx, all, metav1.UpdateOptions{})
	return err
}

// createEndpointSlice names the slice of a Service's first Pod by the Service, and
// those of others by both.
func (c *Cluster) createEndpointSlice(ctx context.Context, e Endpoint) error {
	yes, name, port, tcp := true, "https", int32(e.Address.Port()), corev1.ProtocolTCP
	meta := e.meta()
	meta.Labels[discoveryv1.LabelServiceName] = e.Service
	all := c.Client.DiscoveryV1().EndpointSlices(e.Namespace)
	slice := &discoveryv1.EndpointSlice{
		ObjectMeta:  meta,
		AddressType: discoveryv1.AddressTypeIPv4,
		Endpoints: []discoveryv1.Endpoint{{
			Addresses:  []string{e.Address.Addr().String()},
			Conditions: discoveryv1.EndpointConditions{Ready: &yes, Serving: &yes},
			NodeName:   &e.Node,
			TargetRef:  e.pod(),
		}},
		Ports: []discoveryv1.EndpointPort{{Name: &name, Port: &port, Protocol: &tcp}},
	}
	_, err := all.Create(ctx, slice, metav1.CreateOptions{})
	if !apierrors.IsAlreadyExists(err) {
		return err
	}
	first, err := all.Get(ctx, e.Service, metav1.GetOptions{})
	if err != nil || slices.ContainsFunc(first.Endpoints, func(o discoveryv1.Endpoint) bool { return o.TargetRef != nil && o.TargetRef.Name == e.Pod }) {
		return err
	}
	slice.Name = e.Service + "-" + e.Pod
	_, err = all.Create(ctx, slice, metav1.CreateOptions{})
	return err
}
