// Package dial_test holds the prober against a real kube-apiserver.
package dial_test

import (
	"context"
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
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"

	"github.com/gke-preflight/gke-preflight/gke/dial"
	"github.com/gke-preflight/gke-preflight/preflight/admission"
	"github.com/gke-preflight/gke-preflight/preflight/bootstrap"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/probe"
	"github.com/gke-preflight/gke-preflight/testdata/controlplane"
)

func TestMain(m *testing.M) { os.Exit(controlplane.Main(m)) }

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
func webhook(e controlplane.Endpoint) admission.Interception {
	w := write()
	return admission.Interception{
		Kind: admission.MutatingWebhook, Name: e.Service, Webhook: e.Service + ".rig.test", Fails: true, Timeout: timeout, DryRunnable: true,
		Backend:  admission.Backend{Namespace: e.Namespace, Name: e.Service, Port: 443, Path: "/answer", CABundle: e.CABundle},
		Resource: w.Resource, ObjectKind: w.Kind, Object: w.Object, ReviewVersions: []string{"v1"},
	}
}

// seen are the facts about the endpoint.
func seen(e controlplane.Endpoint) *facts.Snapshot {
	return facts.New(facts.Meta{},
		facts.Present(facts.Services, []facts.Service{{Namespace: e.Namespace, Name: e.Service, Ports: []facts.ServicePort{{Name: "https", Port: 443}}}}),
		facts.Present(facts.Endpoints, []facts.ServiceEndpoints{{Namespace: e.Namespace, Service: e.Service, Endpoints: []facts.Endpoint{
			{IP: e.Address.Addr().String(), PortName: "https", Port: int32(e.Address.Port()), Ready: true},
		}}}))
}

func ask(t *testing.T, c *controlplane.Cluster, s *facts.Snapshot, v facts.Vantage, i ...admission.Interception) []facts.Attempt {
	t.Helper()
	requests := probe.Plan(s, []probe.Intercepted{{Write: write(), By: i}}, probe.Options{Vantage: v, ServerDryRun: probe.Never})
	return dial.Probe(t.Context(), requests, dial.Clients{Config: c.Config})
}

func outcome(a facts.Attempt) string {
	return strings.TrimSpace(fmt.Sprintf("%s %s", a.Answer, a.Fault))
}

func start(t *testing.T) (*controlplane.Cluster, *controlplane.Backend) {
	t.Helper()
	c := controlplane.Start(t, controlplane.Options{})
	b, err := c.StartBackend(t.Context(), controlplane.BackendOptions{Namespace: "hooks", Service: "hook"})
	if err != nil {
		t.Fatal(err)
	}
	return c, b
}

// onEverything makes the backend a webhook for whatever reaches the API server,
// requests to the service proxy among it.
func onEverything(t *testing.T, c *controlplane.Cluster, b *controlplane.Backend, policy admissionregistrationv1.FailurePolicyType) {
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

// TestBehaviours has the same backend asked from three places: through the
// service proxy, from the pod network, and by the API server itself, for the
// request to the service proxy.
func TestBehaviours(t *testing.T) {
	c, b := start(t)
	hooked, second := start(t)
	onEverything(t, hooked, second, admissionregistrationv1.Fail)
	for _, test := range []struct {
		controlplane.Behaviour
		proxy, pods, hook string
	}{
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
	} {
		t.Run(test.String(), func(t *testing.T) {
			b.Behave(test.Behaviour)
			second.Behave(test.Behaviour)
			proxy := ask(t, c, seen(b.Endpoint), facts.ServiceProxy, webhook(b.Endpoint))[0]
			pods := ask(t, c, seen(b.Endpoint), facts.PodNetwork, webhook(b.Endpoint))[0]
			hook := ask(t, hooked, seen(second.Endpoint), facts.ServiceProxy, webhook(second.Endpoint))[0]
			if outcome(proxy) != test.proxy || outcome(pods) != test.pods || outcome(hook) != test.hook {
				t.Errorf("\nservice proxy %+v\npod network   %+v\nAPI server    %+v", proxy, pods, hook)
			}
		})
	}
}

// TestHeldUp has a webhook that hangs and fails open hold up every request to
// the service proxy. The backend that is well is not blamed for it.
func TestHeldUp(t *testing.T) {
	c, hung := start(t)
	well, err := c.StartBackend(t.Context(), controlplane.BackendOptions{Namespace: "other", Service: "well"})
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

func TestNobodyThere(t *testing.T) {
	c, b := start(t)
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
		{at("hooks", "hook", 444), "no-endpoints no-port"},
		{at("hooks", "nobody", 443), "no-endpoints no-endpoint"},
		{at("nowhere", "nobody", 443), "no-endpoints no-endpoint"},
	} {
		if a := ask(t, c, facts.New(facts.Meta{}), facts.ServiceProxy, test.i)[0]; outcome(a) != test.want {
			t.Errorf("%s: %+v", test.want, a)
		}
	}
	now := int64(0)
	if err := c.Client.CoreV1().Pods("hooks").Delete(ctx, "hook", metav1.DeleteOptions{GracePeriodSeconds: &now}); err != nil {
		t.Fatal(err)
	}
	if a := ask(t, c, seen(b.Endpoint), facts.ServiceProxy, webhook(b.Endpoint))[0]; outcome(a) != "could-not-ask" {
		t.Errorf("an address that is no Pod's: %+v", a)
	}
	//lint:ignore SA1019 the service proxy reads Endpoints in every minor
	if err := c.Client.CoreV1().Endpoints("hooks").Delete(ctx, "hook", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	if a := ask(t, c, seen(b.Endpoint), facts.ServiceProxy, webhook(b.Endpoint))[0]; outcome(a) != "could-not-ask" {
		t.Errorf("an address of an EndpointSlice alone: %+v", a)
	}
}

func TestForbidden(t *testing.T) {
	c, b := start(t)
	nobody, err := c.ConfigFor(c.First, "nobody")
	if err != nil {
		t.Fatal(err)
	}
	chosen := rest.CopyConfig(c.Config)
	chosen.Impersonate = rest.ImpersonationConfig{UserName: "nobody", Groups: []string{"system:authenticated"}}
	requests := probe.Plan(seen(b.Endpoint), []probe.Intercepted{{Write: write(), By: []admission.Interception{webhook(b.Endpoint)}}}, probe.Options{})
	for _, config := range []*rest.Config{nobody, chosen} {
		for _, a := range dial.Probe(t.Context(), requests, dial.Clients{Config: config, Identity: "nobody"}) {
			if outcome(a) != "could-not-ask forbidden" || a.Status != 403 {
				t.Errorf("%+v", a)
			}
		}
	}
	if n := len(b.Seen()); n != 0 {
		t.Errorf("the backend was asked %d times", n)
	}
}

func dryRun(t *testing.T, cfg *rest.Config, ws ...bootstrap.Write) []facts.Attempt {
	t.Helper()
	var in []probe.Intercepted
	for n, w := range ws {
		w.Hook = fmt.Sprint(n)
		in = append(in, probe.Intercepted{Write: w})
	}
	return dial.Probe(t.Context(), probe.Plan(facts.New(facts.Meta{}), in, probe.Options{}), dial.Clients{Config: cfg, Identity: "nobody"})
}

// TestDryRun has the API server try to create, update and delete objects of
// kinds that start-up hooks write, and shows that nothing came of it.
func TestDryRun(t *testing.T) {
	c := controlplane.Start(t, controlplane.Options{})
	client, err := dynamic.NewForConfig(c.Config)
	if err != nil {
		t.Fatal(err)
	}
	gvr := func(group, version, resource string) schema.GroupVersionResource {
		return schema.GroupVersionResource{Group: group, Version: version, Resource: resource}
	}
	ws := []bootstrap.Write{write()}
	for _, o := range []struct {
		gvr             schema.GroupVersionResource
		namespace, name string
		subresource     string
	}{
		{gvr("rbac.authorization.k8s.io", "v1", "clusterroles"), "", "system:node", ""},
		{gvr("flowcontrol.apiserver.k8s.io", "v1", "flowschemas"), "", "probes", ""},
		{gvr("flowcontrol.apiserver.k8s.io", "v1", "flowschemas"), "", "probes", "status"},
		{gvr("apiregistration.k8s.io", "v1", "apiservices"), "", "v1.apps", ""},
		{gvr("scheduling.k8s.io", "v1", "priorityclasses"), "", "system-node-critical", ""},
		{gvr("networking.k8s.io", "v1", "servicecidrs"), "", "kubernetes", ""},
		{gvr("", "v1", "endpoints"), "default", "kubernetes", ""},
		{gvr("", "v1", "configmaps"), "kube-system", "extension-apiserver-authentication", ""},
	} {
		live := existing(t, resource(client, o.gvr, o.namespace), o.name)
		object := live.DeepCopy()
		object.SetResourceVersion("")
		object.SetUID("")
		object.SetManagedFields(nil)
		if o.subresource == "" {
			object.SetLabels(map[string]string{"changed": "yes"})
		}
		ws = append(ws, bootstrap.Write{
			Operation: bootstrap.Update, Resource: o.gvr, Subresource: o.subresource, Kind: live.GroupVersionKind(),
			Namespace: o.namespace, Name: o.name, User: bootstrap.Loopback, Object: object, OldObject: live,
		})
	}
	remove := ws[2]
	remove.Operation, remove.Object = bootstrap.Delete, nil
	ws = append(ws, remove)
	for _, a := range dryRun(t, c.Config, ws...) {
		if outcome(a) != "allowed" || a.As != "system:apiserver" {
			t.Errorf("%+v", a)
		}
	}
	for _, w := range ws[1:] {
		live, err := resource(client, w.Resource, w.Namespace).Get(t.Context(), w.Name, metav1.GetOptions{})
		if err != nil || live.GetLabels()["changed"] != "" {
			t.Errorf("%s was written: %v", w.Key(), err)
		}
	}
	if _, err := resource(client, ws[0].Resource, "").Get(t.Context(), "asked", metav1.GetOptions{}); err == nil {
		t.Error("the ClusterRole was created")
	}
}

// existing returns the object once a start-up hook has written it.
func existing(t *testing.T, r dynamic.ResourceInterface, name string) *unstructured.Unstructured {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		live, err := r.Get(t.Context(), name, metav1.GetOptions{})
		if err == nil {
			return live
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
}

func resource(client dynamic.Interface, r schema.GroupVersionResource, namespace string) dynamic.ResourceInterface {
	if namespace == "" {
		return client.Resource(r)
	}
	return client.Resource(r).Namespace(namespace)
}

func TestDryRunVerdicts(t *testing.T) {
	c, b := start(t)
	onEverything(t, c, b, admissionregistrationv1.Fail)
	for _, test := range []struct {
		controlplane.Behaviour
		want, detail string
	}{
		{controlplane.Allow(), "allowed", ""},
		{controlplane.Deny("not today", 403), "denied", `admission webhook "hook.rig.test" denied the request: not today`},
		{controlplane.Hang(), "denied", `failed calling webhook "hook.rig.test"`},
		{controlplane.Patch(`[{"op": "remove", "path": "/nothing"}]`), "could-not-ask", "nothing"},
	} {
		b.Behave(test.Behaviour)
		if a := dryRun(t, c.Config, write())[0]; outcome(a) != test.want || !strings.Contains(a.Detail, test.detail) {
			t.Errorf("%s: %+v", test, a)
		}
	}
}

// TestPolicyVerdict has a ValidatingAdmissionPolicy deny the write.
func TestPolicyVerdict(t *testing.T) {
	c := controlplane.Start(t, controlplane.Options{})
	deny(t, c)
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		a := dryRun(t, c.Config, write())[0]
		if outcome(a) == "denied" && strings.Contains(a.Detail, "ValidatingAdmissionPolicy 'no-roles'") {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("%+v", a)
		}
	}
}

func deny(t *testing.T, c *controlplane.Cluster) {
	t.Helper()
	ctx := context.WithoutCancel(t.Context())
	admissions := c.Client.AdmissionregistrationV1()
	policy := &admissionregistrationv1.ValidatingAdmissionPolicy{
		ObjectMeta: metav1.ObjectMeta{Name: "no-roles"},
		Spec: admissionregistrationv1.ValidatingAdmissionPolicySpec{
			MatchConstraints: &admissionregistrationv1.MatchResources{ResourceRules: []admissionregistrationv1.NamedRuleWithOperations{{
				RuleWithOperations: admissionregistrationv1.RuleWithOperations{
					Operations: []admissionregistrationv1.OperationType{"CREATE"},
					Rule:       admissionregistrationv1.Rule{APIGroups: []string{"rbac.authorization.k8s.io"}, APIVersions: []string{"*"}, Resources: []string{"clusterroles"}},
				},
			}}},
			Validations: []admissionregistrationv1.Validation{{Expression: "false"}},
		},
	}
	if _, err := admissions.ValidatingAdmissionPolicies().Create(ctx, policy, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	binding := &admissionregistrationv1.ValidatingAdmissionPolicyBinding{
		ObjectMeta: metav1.ObjectMeta{Name: "no-roles"},
		Spec: admissionregistrationv1.ValidatingAdmissionPolicyBindingSpec{
			PolicyName: "no-roles", ValidationActions: []admissionregistrationv1.ValidationAction{admissionregistrationv1.Deny},
		},
	}
	if _, err := admissions.ValidatingAdmissionPolicyBindings().Create(ctx, binding, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
}
