package rig_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	admissionv1 "k8s.io/api/admission/v1"
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/gke-preflight/gke-preflight/gke/controlplane"
	"github.com/gke-preflight/gke-preflight/gke/controlplane/rig"
)

// dryRun asks the API server to create a ConfigMap, without doing it.
func dryRun(ctx context.Context, c *rig.Cluster) (*corev1.ConfigMap, error) {
	return c.Client.CoreV1().ConfigMaps("default").Create(ctx, &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Name: "asked"},
	}, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
}

// onConfigMaps makes a webhook see only the ConfigMaps of [dryRun], for a second.
func onConfigMaps(w *admissionregistrationv1.MutatingWebhook) {
	second := int32(1)
	w.Rules[0].Resources = []string{"configmaps"}
	w.NamespaceSelector = &metav1.LabelSelector{MatchLabels: map[string]string{corev1.LabelMetadataName: "default"}}
	w.TimeoutSeconds = &second
}

func behaves(t *testing.T, c *rig.Cluster) {
	b, err := c.StartBackend(t.Context(), rig.BackendOptions{Namespace: "hooks", Service: "hook"})
	if err != nil {
		t.Fatal(err)
	}
	mutate(t, c, "hook", b.ClientConfig("/answer"))
	waitUntilAsked(t, c, b)
	for _, test := range []struct {
		controlplane.Behaviour
		want string
	}{
		{controlplane.Allow(), ""},
		{controlplane.Deny("not on my watch", 0), `admission webhook "hook.rig.test" denied the request: not on my watch`},
		{controlplane.Slow(100 * time.Millisecond), ""},
		{controlplane.Slow(3 * time.Second), "deadline exceeded"},
		{controlplane.Status(500), "Internal Server Error"},
		{controlplane.WrongUID(), `expected response.uid="`},
		{controlplane.NotJSON(), "couldn't get version/kind"},
		{controlplane.Redirect("https://10.77.0.1:1/"), "10.77.0.1:1: connect: connection refused"},
		{controlplane.Huge(8 << 20), "couldn't get version/kind"},
		{controlplane.Cut(), "unexpected EOF"},
		{controlplane.HangAfterTLS(), "deadline exceeded"},
		{controlplane.Hang(), "deadline exceeded"},
		{controlplane.Allow(), ""},
	} {
		b.Behave(test.Behaviour)
		_, err := dryRun(t.Context(), c)
		if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: the API server says %v, not %q", test.Behaviour, err, test.want)
		}
	}
	b.Behave(controlplane.Patch(`[{"op": "add", "path": "/data", "value": {"seen": "yes"}}]`))
	if made, err := dryRun(t.Context(), c); err != nil || made.Data["seen"] != "yes" {
		t.Errorf("patch: the API server says %v, and the object holds %v", err, made.Data)
	}
}

// mutate has the webhook see the ConfigMaps of [dryRun] until the test ends.
func mutate(t *testing.T, c *rig.Cluster, name string, to admissionregistrationv1.WebhookClientConfig) {
	t.Helper()
	if err := c.Mutate(t.Context(), name, to, onConfigMaps); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx := context.WithoutCancel(t.Context())
		if err := c.Client.AdmissionregistrationV1().MutatingWebhookConfigurations().Delete(ctx, name, metav1.DeleteOptions{}); err != nil {
			t.Error(err)
		}
		for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); {
			if _, err := dryRun(ctx, c); err == nil {
				return
			}
		}
		t.Errorf("ConfigMaps are still refused without %s", name)
	})
}

// waitUntilAsked returns when the API server has taken up the webhook.
func waitUntilAsked(t *testing.T, c *rig.Cluster, b *rig.Backend) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); len(b.Seen()) == 0; time.Sleep(10 * time.Millisecond) {
		if _, err := dryRun(t.Context(), c); err != nil || time.Now().After(deadline) {
			t.Fatalf("the webhook has not been asked: %v", err)
		}
	}
}

func refusesCertificates(t *testing.T, c *rig.Cluster) {
	for _, test := range []struct {
		name string
		rig.BackendOptions
		want string
	}{
		{"expired", rig.BackendOptions{NotAfter: time.Now().Add(-time.Hour)}, "certificate has expired"},
		{"misnamed", rig.BackendOptions{Names: []string{"elsewhere.svc"}}, "certificate is valid for elsewhere.svc"},
	} {
		test.Namespace, test.Service = test.name, test.name
		b, err := c.StartBackend(t.Context(), test.BackendOptions)
		if err != nil {
			t.Fatal(err)
		}
		t.Run(test.name, func(t *testing.T) {
			mutate(t, c, test.name, b.ClientConfig("/"))
			var err error
			for deadline := time.Now().Add(10 * time.Second); err == nil && time.Now().Before(deadline); {
				_, err = dryRun(t.Context(), c)
			}
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("the API server says %v, not %q", err, test.want)
			}
		})
	}
}

// TestServiceProxy is about the newest minor; [TestCluster] about the one before.
func TestServiceProxy(t *testing.T) {
	t.Parallel()
	c := rig.Start(t, controlplane.Options{Minor: rig.Newest(t).Minor()})
	proxies(t, c, opa(t, c))
}

func opa(t *testing.T, c *rig.Cluster) *rig.OPA {
	t.Helper()
	o, err := c.StartOPA(t.Context(), rig.BackendOptions{Namespace: "opa", Service: "opa"})
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// proxies fails the test if OPA can't be asked by the service proxy.
func proxies(t *testing.T, c *rig.Cluster, opa *rig.OPA) {
	t.Helper()
	pod := json.RawMessage(`{"spec": {"containers": [{"image": "docker.io/library/nginx"}]}}`)
	review := map[string]any{"request": map[string]any{"uid": "u-1", "kind": map[string]any{"kind": "Pod"}, "object": pod}}
	body, err := json.Marshal(review)
	if err != nil {
		t.Fatal(err)
	}
	ask := func() ([]byte, error) {
		return c.Client.CoreV1().RESTClient().Post().Namespace(opa.Namespace).Resource("services").Name("https:"+opa.Service+":443").
			SubResource("proxy").Suffix("/").SetHeader("Content-Type", "application/json").Body(body).DoRaw(t.Context())
	}
	answer, err := ask()
	// The API server gives a handshake ten seconds, which a busy machine outlasts.
	for deadline := time.Now().Add(time.Minute); err != nil && time.Now().Before(deadline); {
		answer, err = ask()
	}
	if err != nil {
		t.Fatalf("%s: %v: %s", c.First.Version, err, answer)
	}
	var got admissionv1.AdmissionReview
	if err := json.Unmarshal(answer, &got); err != nil || got.Response == nil || got.Response.Allowed || got.Response.UID != "u-1" {
		t.Errorf("%s: by the service proxy OPA answers %s", c.First.Version, answer)
	}
}

func freezesOPA(t *testing.T, c *rig.Cluster) {
	opa := opa(t, c)
	proxies(t, c, opa)
	mutate(t, c, "opa", opa.ClientConfig("/"))
	for _, step := range []struct {
		what string
		do   func() error
		want string
	}{
		{"running", func() error { return nil }, ""},
		{"frozen", opa.Freeze, "context deadline exceeded"},
		{"thawed", opa.Thaw, ""},
		{"stopped", func() error { opa.Stop(); return nil }, "connection refused"},
	} {
		if err := step.do(); err != nil {
			t.Fatal(err)
		}
		_, err := dryRun(t.Context(), c)
		for deadline := time.Now().Add(10 * time.Second); (err == nil) != (step.want == "") && time.Now().Before(deadline); {
			_, err = dryRun(t.Context(), c)
		}
		if (err == nil) != (step.want == "") || err != nil && !strings.Contains(err.Error(), step.want) {
			t.Errorf("%s: the API server says %v, not %q", step.what, err, step.want)
		}
	}
}

func addsNodes(t *testing.T, c *rig.Cluster) {
	pool := rig.NodePool{Cluster: "prod", Name: "main", Zones: []string{"europe-west1-b", "europe-west1-c"}, Count: 5}
	if err := c.AddNodes(t.Context(), pool); err != nil {
		t.Fatal(err)
	}
	nodes, err := c.Client.CoreV1().Nodes().List(t.Context(), metav1.ListOptions{LabelSelector: "cloud.google.com/gke-nodepool=main"})
	if err != nil {
		t.Fatal(err)
	}
	if len(nodes.Items) != 5 {
		t.Errorf("there are %d nodes instead of 5", len(nodes.Items))
	}
	for _, n := range nodes.Items {
		if len(n.Spec.Taints) > 0 || n.Status.NodeInfo.KubeletVersion != "v"+c.First.Version {
			t.Errorf("node %s is tainted %v or of the wrong version %s", n.Name, n.Spec.Taints, n.Status.NodeInfo.KubeletVersion)
		}
	}
	beats(t, c)
}

// beats fails the test if no lease is renewed while the nodes' hearts beat.
func beats(t *testing.T, c *rig.Cluster) {
	t.Helper()
	leases := c.Client.CoordinationV1().Leases(corev1.NamespaceNodeLease)
	before, err := leases.List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go c.Heartbeat(ctx)
	first := before.Items[0]
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		now, err := leases.Get(t.Context(), first.Name, metav1.GetOptions{})
		if err == nil && now.Spec.RenewTime.After(first.Spec.RenewTime.Time) {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("no heartbeat renews the lease of %s: %v", first.Name, err)
		}
	}
}
