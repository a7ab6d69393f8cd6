package kube

import (
	"cmp"
	"context"
	"slices"
	"strings"

	admission "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// A serviceName names a Service that the API server calls.
type serviceName struct{ namespace, name string }

// backends returns the Services that webhooks and APIServices call, whether they
// exist or not. Those of conversions and APIServices that can't be read are left
// out: what needs them knows that they are absent.
func backends(_ context.Context, c *cluster) ([]serviceName, error) {
	validating, err1 := c.validatingWebhooks()
	mutating, err2 := c.mutatingWebhooks()
	if err := cmp.Or(err1, err2); err != nil {
		return nil, dependent("which Services webhooks call is unknown", err)
	}
	var out []serviceName
	add := func(c admission.WebhookClientConfig) {
		if c.Service != nil {
			out = append(out, serviceName{c.Service.Namespace, c.Service.Name})
		}
	}
	for _, configuration := range validating {
		for _, w := range configuration.Webhooks {
			add(w.ClientConfig)
		}
	}
	for _, configuration := range mutating {
		for _, w := range configuration.Webhooks {
			add(w.ClientConfig)
		}
	}
	conversions, _ := c.conversions()
	for _, d := range conversions {
		add(d.ClientConfig)
	}
	aggregated, _ := c.apiServices()
	for _, a := range aggregated {
		if namespace, name, ok := strings.Cut(a.Service, "/"); ok {
			out = append(out, serviceName{namespace, name})
		}
	}
	slices.SortFunc(out, func(a, b serviceName) int {
		return cmp.Or(strings.Compare(a.namespace, b.namespace), strings.Compare(a.name, b.name))
	})
	return slices.Compact(out), nil
}

// backendNamespaces returns the namespaces of the backends, sorted.
func backendNamespaces(c *cluster) ([]string, error) {
	services, err := c.backends()
	if err != nil {
		return nil, err
	}
	var out []string
	for _, s := range services {
		out = append(out, s.namespace)
	}
	return slices.Compact(out), nil
}

func services(_ context.Context, c *cluster) ([]facts.Service, error) {
	read, err := c.services()
	return read.all, err
}

// servicesRead is what one pass over all Services gives.
type servicesRead struct {
	all   []facts.Service
	loose []facts.LooseAddress
}

func readServices(ctx context.Context, c *cluster) (servicesRead, error) {
	var read servicesRead
	all, err := list(ctx, c.reader, c.typed.CoreV1().Services("").List, metav1.ListOptions{}, func(s *corev1.Service) (facts.Service, bool) {
		out := facts.Service{Namespace: s.Namespace, Name: s.Name, Type: string(s.Spec.Type), ClusterIPs: s.Spec.ClusterIPs,
			ExternalName: s.Spec.ExternalName, Selector: s.Spec.Selector}
		for _, p := range s.Spec.Ports {
			out.Ports = append(out.Ports, facts.ServicePort{Name: p.Name, Port: p.Port, TargetPort: p.TargetPort.String(), Protocol: string(p.Protocol)})
		}
		read.loose = append(read.loose, looseOfService(s)...)
		return out, true
	})
	read.all = all
	return read, err
}

func pod(p *corev1.Pod) (facts.Pod, bool) {
	out := facts.Pod{Namespace: p.Namespace, Name: p.Name, Labels: p.Labels, Node: p.Spec.NodeName, Phase: string(p.Status.Phase),
		Created: when(p.CreationTimestamp), PriorityClass: p.Spec.PriorityClassName, HostNetwork: p.Spec.HostNetwork}
	if p.Spec.Priority != nil {
		out.Priority = *p.Spec.Priority
	}
	for _, ip := range p.Status.PodIPs {
		out.IPs = append(out.IPs, ip.IP)
	}
	for _, c := range p.Status.Conditions {
		if c.Type == corev1.PodReady {
			out.Ready = c.Status == corev1.ConditionTrue
			if out.Ready {
				out.ReadySince = when(c.LastTransitionTime)
			}
		}
	}
	if owner := metav1.GetControllerOfNoCopy(p); owner != nil {
		out.Owner = owner.Kind + "/" + owner.Name
	}
	for _, c := range p.Spec.Containers {
		out.Containers = append(out.Containers, container(c, p.Status.ContainerStatuses))
	}
	return out, true
}
