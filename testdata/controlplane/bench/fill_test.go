package bench

import (
	"context"
	"fmt"
	"testing"

	"golang.org/x/sync/errgroup"
	admission "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/gke-preflight/gke-preflight/gke/controlplane/rig"
)

// A large cluster, and the worst case of one: each namespace holds a backend, so
// that no pod can be left out.
const (
	nodes      = 5_000
	pods       = 50_000
	webhooks   = 200
	namespaces = 50
	writers    = 32
	apps       = 5
)

type size struct{ nodes, pods, webhooks int }

func fill(b testing.TB, c *rig.Cluster, of size) {
	b.Helper()
	ctx := b.Context()
	check(b, c.AddNodes(ctx, rig.NodePool{Count: of.nodes}))
	check(b, inParallel(ctx, namespaces, func(ctx context.Context, i int) error { return createNamespace(ctx, c, i) }))
	check(b, inParallel(ctx, of.pods, func(ctx context.Context, i int) error {
		_, err := c.Client.CoreV1().Pods(namespace(i)).Create(ctx, pod(i, of.nodes), metav1.CreateOptions{})
		return err
	}))
	check(b, inParallel(ctx, of.webhooks, func(ctx context.Context, i int) error {
		service := &admission.ServiceReference{Namespace: namespace(i), Name: "backend"}
		return c.Validate(ctx, fmt.Sprintf("webhook-%03d", i), admission.WebhookClientConfig{Service: service}, func(w *admission.ValidatingWebhook) {
			w.Rules[0].Resources = []string{"configmaps"}
			w.ObjectSelector = &metav1.LabelSelector{MatchLabels: map[string]string{"webhook": fmt.Sprint(i)}}
		})
	}))
}

func check(b testing.TB, err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

func inParallel(ctx context.Context, n int, do func(context.Context, int) error) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(writers)
	for i := range n {
		g.Go(func() error { return do(ctx, i) })
	}
	return g.Wait()
}

func namespace(i int) string { return fmt.Sprintf("team-%02d", i%namespaces) }

func createNamespace(ctx context.Context, c *rig.Cluster, i int) error {
	core := c.Client.CoreV1()
	if _, err := core.Namespaces().Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace(i)}}, metav1.CreateOptions{}); err != nil {
		return err
	}
	if _, err := core.ServiceAccounts(namespace(i)).Create(ctx, &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: "default"}}, metav1.CreateOptions{}); err != nil {
		return err
	}
	service := &corev1.Service{ObjectMeta: metav1.ObjectMeta{Name: "backend"}, Spec: corev1.ServiceSpec{Ports: []corev1.ServicePort{{Port: 443}}}}
	_, err := core.Services(namespace(i)).Create(ctx, service, metav1.CreateOptions{})
	return err
}

// pod returns a pod of about the size that pods have in practice.
func pod(i, nodes int) *corev1.Pod {
	app := fmt.Sprintf("app-%03d", i/namespaces%apps)
	probe := &corev1.Probe{ProbeHandler: corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{Path: "/healthz", Port: intstr.FromInt32(8080)}}}
	var env []corev1.EnvVar
	for n := range 10 {
		env = append(env, corev1.EnvVar{Name: fmt.Sprintf("SETTING_%02d", n), Value: fmt.Sprintf("the value of setting %d of %s", n, app)})
	}
	quantities := corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("100m"), corev1.ResourceMemory: resource.MustParse("128Mi")}
	container := corev1.Container{Name: "server", Image: "europe-docker.pkg.dev/acme-prod/images/" + app + ":v1.2.3", Env: env, LivenessProbe: probe, ReadinessProbe: probe,
		Resources: corev1.ResourceRequirements{Requests: quantities, Limits: quantities}, Ports: []corev1.ContainerPort{{Name: "http", ContainerPort: 8080}}}
	sidecar := container
	sidecar.Name, sidecar.Ports = "sidecar", nil
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Name:            fmt.Sprintf("%s-7c9f6d5b4d-%05d", app, i),
			OwnerReferences: []metav1.OwnerReference{{APIVersion: "apps/v1", Kind: "ReplicaSet", Name: app + "-7c9f6d5b4d", UID: "1", Controller: new(true)}},
			Labels:          map[string]string{"app.kubernetes.io/name": app, "app.kubernetes.io/part-of": "shop", "pod-template-hash": "7c9f6d5b4d", "team": namespace(i)},
			Annotations:     map[string]string{"prometheus.io/scrape": "true", "prometheus.io/port": "8080", "checksum/config": "0f343b0931126a20f133d67c2b018a3b5e1d4f0a9b8c7d6e5f4a3b2c1d0e9f8a"},
		},
		Spec: corev1.PodSpec{NodeName: fmt.Sprintf("node-%04d", i%nodes), Containers: []corev1.Container{container, sidecar}},
	}
}
