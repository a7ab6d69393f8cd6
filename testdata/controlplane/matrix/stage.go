package main

import (
	"context"
	"fmt"
	"time"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/gke-preflight/gke-preflight/gke/controlplane"
	"github.com/gke-preflight/gke-preflight/gke/controlplane/rig"
)

// A fault is what is wrong with a webhook's backend, or with the way to it.
type fault struct {
	name string
	// backend is what the backend is started with, its name left out.
	backend rig.BackendOptions
	// spoil is what is done to it then; nil for nothing.
	spoil func(context.Context, *rig.Cluster, *rig.Backend) error
}

func behaving(name string, b controlplane.Behaviour) fault {
	return fault{name: name, backend: rig.BackendOptions{Behaviour: b}}
}

func answersAfter(d time.Duration) rig.BackendOptions {
	return rig.BackendOptions{Behaviour: controlplane.Slow(d)}
}

var (
	healthy          = behaving("none", controlplane.Allow())
	hungBeforeTLS    = behaving("hung before TLS", controlplane.Hang())
	hungAfterTLS     = behaving("hung after TLS", controlplane.HangAfterTLS())
	refused          = fault{name: "refused", spoil: stopped}
	denied           = behaving("denied", controlplane.Deny("no", 0))
	slow             = behaving("slow", controlplane.Slow(slowness))
	wrongCertificate = fault{name: "wrong certificate", backend: rig.BackendOptions{Names: []string{"somewhere.else.svc"}}}
	serverError      = behaving("HTTP 500", controlplane.Status(500))
	wrongUID         = behaving("wrong uid", controlplane.WrongUID())
	missingService   = fault{name: "missing Service", spoil: withoutService}
	noEndpoints      = fault{name: "no endpoints", spoil: withoutEndpoints}
)

// faults are those of the full product.
var faults = []fault{hungBeforeTLS, hungAfterTLS, refused, denied, slow, wrongCertificate, serverError, wrongUID, missingService, noEndpoints}

func stopped(_ context.Context, _ *rig.Cluster, b *rig.Backend) error {
	b.Stop()
	return nil
}

func withoutService(ctx context.Context, c *rig.Cluster, b *rig.Backend) error {
	return c.Client.CoreV1().Services(b.Namespace).Delete(ctx, b.Service, metav1.DeleteOptions{})
}

func withoutEndpoints(ctx context.Context, c *rig.Cluster, b *rig.Backend) error {
	//lint:ignore SA1019 minors up to 1.33 resolve a Service through its Endpoints
	if err := c.Client.CoreV1().Endpoints(b.Namespace).Delete(ctx, b.Service, metav1.DeleteOptions{}); err != nil {
		return err
	}
	return c.Client.DiscoveryV1().EndpointSlices(b.Namespace).Delete(ctx, b.Service, metav1.DeleteOptions{})
}

// staging is how a cluster is prepared.
type staging struct {
	fault    fault
	scope    scope
	failOpen bool
	// timeout is in seconds.
	timeout int32
	// mutating is the number of mutating webhooks that have the fault; zero for
	// one validating webhook.
	mutating int
	// services are created beforehand.
	services int
	// policy says that a ValidatingAdmissionPolicy denies, and no webhook.
	policy bool
}

// The names of what has the fault and of a healthy webhook beside it, which sees
// the same writes and must not be blamed.
const (
	culprit   = "culprit"
	bystander = "bystander"
)

func (s staging) prepare(ctx context.Context, c *rig.Cluster) error {
	if err := createServices(ctx, c, s.services); err != nil {
		return err
	}
	if s.policy {
		return denySystemRoles(ctx, c)
	}
	var broken []*rig.Backend
	for i := range max(1, s.mutating) {
		o := s.fault.backend
		o.Namespace, o.Service = "webhooks", culprit
		if i > 0 {
			o.Service = fmt.Sprintf("%s-%d", culprit, i+1)
		}
		b, err := c.StartBackend(ctx, o)
		if err != nil {
			return err
		}
		broken = append(broken, b)
	}
	beside, err := c.StartBackend(ctx, rig.BackendOptions{Namespace: "webhooks", Service: bystander})
	if err != nil {
		return err
	}
	if s.fault.spoil != nil {
		if err := s.fault.spoil(ctx, c, broken[0]); err != nil {
			return err
		}
	}
	if err := c.Validate(ctx, bystander, beside.ClientConfig("/")); err != nil {
		return err
	}
	for _, b := range broken {
		if err := s.register(ctx, c, b); err != nil {
			return err
		}
	}
	return nil
}

func (s staging) register(ctx context.Context, c *rig.Cluster, b *rig.Backend) error {
	policy := admissionregistrationv1.Fail
	if s.failOpen {
		policy = admissionregistrationv1.Ignore
	}
	to := b.ClientConfig("/")
	if s.mutating > 0 {
		return c.Mutate(ctx, b.Service, to, func(w *admissionregistrationv1.MutatingWebhook) {
			w.FailurePolicy, w.TimeoutSeconds, w.NamespaceSelector, w.MatchConditions = &policy, &s.timeout, s.scope.namespaces, s.scope.conditions
			w.Rules = s.scope.rulesOr(w.Rules)
		})
	}
	return c.Validate(ctx, b.Service, to, func(w *admissionregistrationv1.ValidatingWebhook) {
		w.FailurePolicy, w.TimeoutSeconds, w.NamespaceSelector, w.MatchConditions = &policy, &s.timeout, s.scope.namespaces, s.scope.conditions
		w.Rules = s.scope.rulesOr(w.Rules)
	})
}

func createServices(ctx context.Context, c *rig.Cluster, n int) error {
	for i := range n {
		_, err := c.Client.CoreV1().Services("default").Create(ctx, &corev1.Service{
			ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("service-%d", i)},
			Spec:       corev1.ServiceSpec{Ports: []corev1.ServicePort{{Port: 80}}},
		}, metav1.CreateOptions{})
		if err != nil {
			return err
		}
	}
	return nil
}
