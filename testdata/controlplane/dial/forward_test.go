package dial_test

import (
	"context"
	"strings"
	"testing"
	"time"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"

	"github.com/gke-preflight/gke-preflight/gke/controlplane"
	"github.com/gke-preflight/gke-preflight/gke/controlplane/rig"
	"github.com/gke-preflight/gke-preflight/gke/dial"
	"github.com/gke-preflight/gke-preflight/preflight/admission"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/probe"
)

// TestPortForward looks at certificates from outside, through a real API server
// and a real streaming server.
func TestPortForward(t *testing.T) {
	c := rig.Start(t, controlplane.Options{})
	kubelet, err := c.StartKubelet(t.Context(), "node-1")
	if err != nil {
		t.Fatal(err)
	}
	serving := func(o rig.BackendOptions) *rig.Backend {
		o.Namespace = "hooks"
		b, err := c.StartBackend(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	good := serving(rig.BackendOptions{Service: "good"})
	other := serving(rig.BackendOptions{Service: "other"})
	other.CABundle = good.CABundle
	refused := serving(rig.BackendOptions{Service: "refused"})
	refused.Stop()
	alone := serving(rig.BackendOptions{Service: "alone", Node: "node-without-kubelet"})
	want := []struct {
		b            *rig.Backend
		says, detail string
	}{
		{good, "tls-ok", ""},
		{serving(rig.BackendOptions{Service: "expired", NotAfter: time.Now().Add(-time.Hour)}), "bad-certificate expired", "expired"},
		{serving(rig.BackendOptions{Service: "name", Names: []string{"somewhere.else.svc"}}), "bad-certificate wrong-name", "somewhere.else.svc"},
		{other, "bad-certificate other-authority", "unknown authority"},
		{serving(rig.BackendOptions{Service: "hung", Behaviour: controlplane.Hang()}), "hung-before-tls", "no TLS handshake"},
		{serving(rig.BackendOptions{Service: "late", Behaviour: controlplane.HangAfterTLS()}), "tls-ok", ""},
		{refused, "could-not-ask", "nothing listens at the Pod's localhost"},
		{alone, "could-not-ask", "opens no port-forward"},
	}
	var endpoints []rig.Endpoint
	for _, w := range want {
		endpoints = append(endpoints, w.b.Endpoint)
	}
	for n, a := range forward(t, c.Config, endpoints...) {
		if outcome(a) != want[n].says || !strings.Contains(a.Detail, want[n].detail) {
			t.Errorf("%s: %+v, not %s", want[n].b.Service, a, want[n].says)
		}
	}

	users := map[string]struct {
		verbs []string
		want  string
	}{
		"neither": {nil, "could-not-ask forbidden"}, "reader": {[]string{"get"}, "could-not-ask forbidden"},
		"creator": {[]string{"create"}, "tls-ok"}, "both": {[]string{"get", "create"}, "tls-ok"},
	}
	for user, u := range users {
		a := forward(t, mayForward(t, c, user, u.verbs), good.Endpoint)[0]
		if outcome(a) != u.want || a.Fault == facts.NotPermitted && !strings.Contains(a.Detail, "gke-preflight rbac") {
			t.Errorf("with %v: %+v, not %s", u.verbs, a, u.want)
		}
	}

	held := serving(rig.BackendOptions{Service: "held"})
	onEverything(t, c, held, admissionregistrationv1.Ignore)
	held.Behave(controlplane.Hang())
	if a := forward(t, c.Config, good.Endpoint)[0]; outcome(a) != "tls-ok" || a.Milliseconds > timeout.Milliseconds()/2 {
		t.Errorf("held up in admission by a webhook that fails open: %+v", a)
	}
	hook, err := c.Client.AdmissionregistrationV1().MutatingWebhookConfigurations().Get(t.Context(), "hook", metav1.GetOptions{})
	if err == nil {
		fail := admissionregistrationv1.Fail
		hook.Webhooks[0].FailurePolicy = &fail
		_, err = c.Client.AdmissionregistrationV1().MutatingWebhookConfigurations().Update(t.Context(), hook, metav1.UpdateOptions{})
	}
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "stopped in admission by a webhook that hangs", func() (facts.Attempt, bool) {
		a := forward(t, c.Config, good.Endpoint)[0]
		return a, outcome(a) == "could-not-ask" && strings.Contains(a.Detail, "itself stopped")
	})
	held.Behave(controlplane.Allow())

	kubelet.Stop()
	if a := forward(t, c.Config, good.Endpoint)[0]; outcome(a) != "could-not-ask" || !strings.Contains(a.Detail, "connection refused") {
		t.Errorf("no kubelet: %+v", a)
	}
	events, err := c.First.Audit()
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range controlplane.Mutations(events, controlplane.ByUser("both")) {
		t.Errorf("it changed the cluster: %s", controlplane.Describe(e))
	}
}

// forward looks at the certificates of the endpoints' Pods, one after the other.
func forward(t *testing.T, config *rest.Config, endpoints ...rig.Endpoint) []facts.Attempt {
	t.Helper()
	var services []facts.Service
	var behind []facts.ServiceEndpoints
	var hooks []admission.Interception
	for _, e := range endpoints {
		s := seen(e)
		services = append(services, facts.Services.Of(s)...)
		behind = append(behind, facts.Endpoints.Of(s)...)
		hooks = append(hooks, webhook(e))
	}
	s := facts.New(facts.Meta{}, facts.Present(facts.Services, services), facts.Present(facts.Endpoints, behind))
	var requests []probe.Request
	for _, r := range probe.Plan(s, []admission.Intercepted{{Write: write(), By: hooks}}, probe.Options{PortForward: true, ServerDryRun: probe.Never}) {
		if r.Vantage == facts.PortForward {
			requests = append(requests, r)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	attempts := dial.Probe(ctx, requests, dial.Clients{Config: config})
	if len(attempts) != len(endpoints) {
		t.Fatalf("%d attempts on %d Pods", len(attempts), len(endpoints))
	}
	return attempts
}

// mayForward returns the access of a new user who has those verbs on pods/portforward.
func mayForward(t *testing.T, c *rig.Cluster, user string, verbs []string) *rest.Config {
	t.Helper()
	if verbs != nil {
		meta := metav1.ObjectMeta{Name: "forward-" + user}
		role := &rbacv1.ClusterRole{ObjectMeta: meta, Rules: []rbacv1.PolicyRule{{APIGroups: []string{""}, Resources: []string{"pods/portforward"}, Verbs: verbs}}}
		binding := &rbacv1.ClusterRoleBinding{
			ObjectMeta: meta, RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: meta.Name},
			Subjects: []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: "User", Name: user}},
		}
		_, err := c.Client.RbacV1().ClusterRoles().Create(t.Context(), role, metav1.CreateOptions{})
		if err == nil {
			_, err = c.Client.RbacV1().ClusterRoleBindings().Create(t.Context(), binding, metav1.CreateOptions{})
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	config, err := c.ConfigFor(c.First, user)
	if err != nil {
		t.Fatal(err)
	}
	return config
}

// eventually waits until the API server has seen a change.
func eventually(t *testing.T, what string, holds func() (facts.Attempt, bool)) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		a, ok := holds()
		if ok {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s: %+v", what, a)
		}
	}
}
