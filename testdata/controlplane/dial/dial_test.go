// Package dial_test holds the prober against a real kube-apiserver.
package dial_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"

	"github.com/gke-preflight/gke-preflight/gke/controlplane"
	"github.com/gke-preflight/gke-preflight/gke/controlplane/rig"
	"github.com/gke-preflight/gke-preflight/gke/dial"
	"github.com/gke-preflight/gke-preflight/preflight/admission"
	"github.com/gke-preflight/gke-preflight/preflight/bootstrap"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/probe"
)

func TestMain(m *testing.M) { os.Exit(rig.Main(m)) }

const timeout = time.Second

// write is the creation of a ClusterRole.
func write() bootstrap.Write {
	gv := schema.GroupVersion{Group: "rbac.authorization.k8s.io", Version: "v1"}
	return bootstrap.Write{
		Hook: "rbac/bootstrap-roles", Operation: bootstrap.Create, Resource: gv.WithResource("clusterroles"), Kind: gv.WithKind("ClusterRole"),
		Name: "asked", User: bootstrap.Loopback,
		Object: &unstructured.Unstructured{Object: map[string]any{"apiVersion": gv.String(), "kind": "ClusterRole", "metadata": map[string]any{"name": "asked"}}},
	}
}

// webhook is a webhook with the backend at e.
func webhook(e rig.Endpoint) admission.Interception {
	w := write()
	return admission.Interception{
		Kind: admission.MutatingWebhook, Name: e.Service, Webhook: e.Service + ".rig.test", Fails: true, Timeout: timeout, DryRunnable: true,
		Backend:  admission.Backend{Namespace: e.Namespace, Name: e.Service, Port: 443, Path: "/answer", CABundle: e.CABundle},
		Resource: w.Resource, ObjectKind: w.Kind, Object: w.Object, ReviewVersions: []string{"v1"},
	}
}

// seen are the facts about the endpoint.
func seen(e rig.Endpoint) *facts.Snapshot {
	return facts.New(facts.Meta{},
		facts.Present(facts.Services, []facts.Service{{Namespace: e.Namespace, Name: e.Service, Ports: []facts.ServicePort{{Name: "https", Port: 443}}}}),
		facts.Present(facts.Endpoints, []facts.ServiceEndpoints{{Namespace: e.Namespace, Service: e.Service, Endpoints: []facts.Endpoint{
			{IP: e.Address.Addr().String(), PortName: "https", Port: int32(e.Address.Port()), Ready: true, Pod: e.Pod},
		}}}))
}

func ask(t *testing.T, c *rig.Cluster, s *facts.Snapshot, v facts.Vantage, i ...admission.Interception) []facts.Attempt {
	t.Helper()
	requests := probe.Plan(s, []admission.Intercepted{{Write: write(), By: i}}, probe.Options{Vantage: v, ServerDryRun: probe.Never})
	return dial.Probe(t.Context(), requests, dial.Clients{Config: c.Config})
}

func outcome(a facts.Attempt) string {
	return strings.TrimSpace(fmt.Sprintf("%s %s", a.Answer, a.Fault))
}

// TestPlain asks where no webhook of the cluster's own is in the way; a policy comes last.
func TestPlain(t *testing.T) {
	c := rig.Start(t, controlplane.Options{})
	for _, test := range []struct {
		name string
		of   func(*testing.T, *rig.Cluster)
	}{
		{"nobody there", nobodyThere}, {"forbidden", forbidden}, {"fifty hung", fiftyHung}, {"dry run", dryRuns},
		{"behaviours", behaviours}, {"policy", policyVerdict},
	} {
		t.Run(test.name, func(t *testing.T) { test.of(t, c) })
	}
}

// TestHooked has webhooks of the cluster's own called before whatever the prober asks.
func TestHooked(t *testing.T) {
	c := rig.Start(t, controlplane.Options{})
	b := backend(t, c, "hook")
	onEverything(t, c, b, admissionregistrationv1.Fail)
	t.Run("behaviours", func(t *testing.T) { hookedBehaviours(t, c, b) })
	t.Run("dry run", func(t *testing.T) { dryRunVerdicts(t, c, b) })
}

func backend(t *testing.T, c *rig.Cluster, service string) *rig.Backend {
	t.Helper()
	b, err := c.StartBackend(t.Context(), rig.BackendOptions{Namespace: "hooks", Service: service})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// onEverything makes the backend a webhook for whatever reaches the API server,
// requests to the service proxy among it.
func onEverything(t *testing.T, c *rig.Cluster, b *rig.Backend, policy admissionregistrationv1.FailurePolicyType) {
	t.Helper()
	seconds := int32(timeout.Seconds())
	if err := c.Mutate(t.Context(), "hook", b.ClientConfig("/answer"), func(w *admissionregistrationv1.MutatingWebhook) {
		w.TimeoutSeconds, w.FailurePolicy = &seconds, &policy
	}); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(10 * time.Second); len(b.Seen()) == 0; time.Sleep(50 * time.Millisecond) {
		_, err := c.Client.CoreV1().ConfigMaps("default").Create(t.Context(), &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "a"}}, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
		if err != nil || time.Now().After(deadline) {
			t.Fatalf("the webhook has not been asked: %v", err)
		}
	}
}

// A behaviour of a backend is seen from three places: through the service proxy, from the
// pod network, and by the API server itself, for the request to the service proxy.
type behaviour struct {
	controlplane.Behaviour
	proxy, pods, hook string
}

func allBehaviours() []behaviour {
	return []behaviour{
		{controlplane.Allow(), "allowed", "allowed", "allowed"},
		{controlplane.Deny("no", 0), "denied", "denied", "could-not-ask"},
		{controlplane.Patch(`[{"op": "add", "path": "/metadata/labels", "value": {}}]`), "allowed", "allowed", "could-not-ask"},
		{controlplane.Slow(100 * time.Millisecond), "allowed", "allowed", "allowed"},
		{controlplane.Slow(3 * time.Second), "hung", "hung", "hung"},
		{controlplane.Status(500), "bad-answer http-status", "bad-answer http-status", "bad-answer http-status"},
		{controlplane.WrongUID(), "bad-answer wrong-uid", "bad-answer wrong-uid", "bad-answer wrong-uid"},
		{controlplane.NotJSON(), "bad-answer not-a-review", "bad-answer not-a-review", "bad-answer not-a-review"},
		{controlplane.Redirect("https://10.77.0.1:1/"), "could-not-ask redirect", "could-not-ask redirect", "refused"},
		{controlplane.Huge(8 << 20), "bad-answer too-large", "bad-answer too-large", "bad-answer not-a-review"},
		{controlplane.Cut(), "bad-answer cut", "bad-answer cut", "bad-answer cut"},
		{controlplane.HangAfterTLS(), "hung", "hung", "hung"},
		{controlplane.Hang(), "hung", "hung-before-tls", "hung"},
		{controlplane.Allow(), "allowed", "allowed", "allowed"},
	}
}

func behaviours(t *testing.T, c *rig.Cluster) {
	b := backend(t, c, "behaves")
	for _, test := range allBehaviours() {
		t.Run(test.String(), func(t *testing.T) {
			b.Behave(test.Behaviour)
			proxy := ask(t, c, seen(b.Endpoint), facts.ServiceProxy, webhook(b.Endpoint))[0]
			pods := ask(t, c, seen(b.Endpoint), facts.PodNetwork, webhook(b.Endpoint))[0]
			if outcome(proxy) != test.proxy || outcome(pods) != test.pods {
				t.Errorf("\nservice proxy %+v\npod network   %+v", proxy, pods)
			}
		})
	}
}

func hookedBehaviours(t *testing.T, c *rig.Cluster, b *rig.Backend) {
	for _, test := range allBehaviours() {
		t.Run(test.String(), func(t *testing.T) {
			b.Behave(test.Behaviour)
			if hook := ask(t, c, seen(b.Endpoint), facts.ServiceProxy, webhook(b.Endpoint))[0]; outcome(hook) != test.hook {
				t.Errorf("%+v", hook)
			}
		})
	}
}

// TestHeldUp has a webhook that hangs and fails open hold up every request to
// the service proxy. The backend that is well is not blamed for it.
func TestHeldUp(t *testing.T) {
	c := rig.Start(t, controlplane.Options{})
	hung := backend(t, c, "hook")
	well, err := c.StartBackend(t.Context(), rig.BackendOptions{Namespace: "other", Service: "well"})
	if err != nil {
		t.Fatal(err)
	}
	onEverything(t, c, hung, admissionregistrationv1.Ignore)
	hung.Behave(controlplane.Hang())
	s := facts.New(facts.Meta{})
	attempts := ask(t, c, s, facts.ServiceProxy, webhook(hung.Endpoint), webhook(well.Endpoint))
	if outcome(attempts[0]) != "hung" || outcome(attempts[1]) != "allowed" || attempts[1].Milliseconds > timeout.Milliseconds()/2 {
		t.Errorf("\nhung %+v\nwell %+v", attempts[0], attempts[1])
	}
}

func nobodyThere(t *testing.T, c *rig.Cluster) {
	b := backend(t, c, "leaves")
	ctx := t.Context()
	service := &corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: "hooks", Name: "empty"}, Spec: corev1.ServiceSpec{Ports: []corev1.ServicePort{{Port: 443}}}}
	if _, err := c.Client.CoreV1().Services("hooks").Create(ctx, service, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	at := func(namespace, name string, port int32) admission.Interception {
		i := webhook(b.Endpoint)
		i.Backend.Namespace, i.Backend.Name, i.Backend.Port = namespace, name, port
		return i
	}
	for _, test := range []struct {
		i    admission.Interception
		want string
	}{
		{at("hooks", "empty", 443), "no-endpoints no-endpoint"},
		{at("hooks", "leaves", 444), "no-endpoints no-port"},
		{at("hooks", "nobody", 443), "no-endpoints no-endpoint"},
		{at("nowhere", "nobody", 443), "no-endpoints no-endpoint"},
	} {
		if a := ask(t, c, facts.New(facts.Meta{}), facts.ServiceProxy, test.i)[0]; outcome(a) != test.want {
			t.Errorf("%s: %+v", test.want, a)
		}
	}
	now := int64(0)
	if err := c.Client.CoreV1().Pods("hooks").Delete(ctx, "leaves", metav1.DeleteOptions{GracePeriodSeconds: &now}); err != nil {
		t.Fatal(err)
	}
	if a := ask(t, c, seen(b.Endpoint), facts.ServiceProxy, webhook(b.Endpoint))[0]; outcome(a) != "could-not-ask" {
		t.Errorf("an address that is no Pod's: %+v", a)
	}
	//lint:ignore SA1019 the service proxy reads Endpoints in every minor
	if err := c.Client.CoreV1().Endpoints("hooks").Delete(ctx, "leaves", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	if a := ask(t, c, seen(b.Endpoint), facts.ServiceProxy, webhook(b.Endpoint))[0]; outcome(a) != "could-not-ask" {
		t.Errorf("an address of an EndpointSlice alone: %+v", a)
	}
}

func forbidden(t *testing.T, c *rig.Cluster) {
	b := backend(t, c, "forbidden")
	nobody, err := c.ConfigFor(c.First, "nobody")
	if err != nil {
		t.Fatal(err)
	}
	chosen := rest.CopyConfig(c.Config)
	chosen.Impersonate = rest.ImpersonationConfig{UserName: "nobody", Groups: []string{"system:authenticated"}}
	requests := probe.Plan(seen(b.Endpoint), []admission.Intercepted{{Write: write(), By: []admission.Interception{webhook(b.Endpoint)}}}, probe.Options{})
	for _, config := range []*rest.Config{nobody, chosen} {
		for _, a := range dial.Probe(t.Context(), requests, dial.Clients{Config: config, Identity: "nobody"}) {
			// What an access review says is forbidden is not tried at all.
			if outcome(a) != "could-not-ask forbidden" || a.Status != 403 && a.Vantage != facts.ServerDryRun {
				t.Errorf("%+v", a)
			}
		}
	}
	if n := len(b.Seen()); n != 0 {
		t.Errorf("the backend was asked %d times", n)
	}
}

// fiftyHung holds fifty webhooks that hang, asked through the service proxy,
// against one.
func fiftyHung(t *testing.T, c *rig.Cluster) {
	b := backend(t, c, "hung")
	b.Behave(controlplane.Hang())
	took := func(n int) time.Duration {
		var hooks []admission.Interception
		for i := range n {
			hook := webhook(b.Endpoint)
			hook.Name, hook.Webhook, hook.Timeout = fmt.Sprint(i), fmt.Sprint(i), 3*time.Second
			hooks = append(hooks, hook)
		}
		begin := time.Now()
		for _, a := range ask(t, c, seen(b.Endpoint), facts.ServiceProxy, hooks...) {
			if outcome(a) != "hung" {
				t.Errorf("%+v", a)
			}
		}
		return time.Since(begin)
	}
	one, fifty := took(1), took(50)
	t.Logf("one took %v, fifty took %v: %.2f times", one, fifty, fifty.Seconds()/one.Seconds())
	if fifty > 5*one {
		t.Errorf("fifty hung webhooks took %v, one %v", fifty, one)
	}
}
