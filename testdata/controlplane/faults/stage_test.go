package faults

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/dynamic"

	"github.com/gke-preflight/gke-preflight/gke/controlplane"
	"github.com/gke-preflight/gke-preflight/gke/controlplane/rig"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// joined waits until the first API server has made all its writes but the
// renewals of its lease.
func joined(t *testing.T, c *rig.Cluster) {
	t.Helper()
	must(t, wait.PollUntilContextTimeout(t.Context(), 100*time.Millisecond, time.Minute, true, func(ctx context.Context) (bool, error) {
		_, err := c.Client.DiscoveryV1().EndpointSlices(metav1.NamespaceDefault).Get(ctx, "kubernetes", metav1.GetOptions{})
		return err == nil, nil
	}))
}

// deny refuses the fault's write, and no other, by a webhook.
func (f fault) deny(t *testing.T, c *rig.Cluster) *rig.Backend {
	t.Helper()
	b, err := c.StartBackend(t.Context(), rig.BackendOptions{Namespace: "rig", Service: "no", Behaviour: controlplane.Deny("no", f.code)})
	must(t, err)
	if f.write == "" {
		return b
	}
	seconds := int32(30)
	must(t, c.Validate(t.Context(), "no", b.ClientConfig("/"), func(w *admissionregistrationv1.ValidatingWebhook) {
		verb, resource, name := f.parts()
		resource, subresource, isSub := strings.Cut(resource, "/")
		plural, group, _ := strings.Cut(resource, ".")
		if isSub {
			plural += "/" + subresource
		}
		operation := map[string]admissionregistrationv1.OperationType{
			"create": admissionregistrationv1.Create, "delete": admissionregistrationv1.Delete,
			"update": admissionregistrationv1.Update, "patch": admissionregistrationv1.Update,
		}[verb]
		w.TimeoutSeconds = &seconds
		w.Rules[0].Operations = []admissionregistrationv1.OperationType{operation}
		w.Rules[0].APIGroups, w.Rules[0].Resources = []string{group}, []string{plural}
		w.MatchConditions = []admissionregistrationv1.MatchCondition{
			{Name: "loopback", Expression: `request.userInfo.username == "system:apiserver"`},
			{Name: "object", Expression: `request.name.startsWith("` + name + `")`},
		}
	}))
	time.Sleep(2 * time.Second)
	return b
}

// parts are the verb, the resource with its group and subresource, and the name.
func (f fault) parts() (verb, resource, name string) {
	fields := strings.Fields(f.write)
	return fields[0], fields[1], fields[2][strings.LastIndexByte(fields[2], '/')+1:]
}

func dyn(t *testing.T, c *rig.Cluster, groupVersion, resource string) dynamic.NamespaceableResourceInterface {
	t.Helper()
	client, err := dynamic.NewForConfig(c.Config)
	must(t, err)
	gv, err := schema.ParseGroupVersion(groupVersion)
	must(t, err)
	return client.Resource(gv.WithResource(resource))
}

func apiServices(t *testing.T, c *rig.Cluster) dynamic.NamespaceableResourceInterface {
	return dyn(t, c, "apiregistration.k8s.io/v1", "apiservices")
}

// gone deletes an object.
func gone(groupVersion, resource, namespace, name string) func(*testing.T, *rig.Cluster) {
	return func(t *testing.T, c *rig.Cluster) {
		t.Helper()
		all := dyn(t, c, groupVersion, resource)
		var err error
		if namespace == "" {
			err = all.Delete(t.Context(), name, metav1.DeleteOptions{})
		} else {
			err = all.Namespace(namespace).Delete(t.Context(), name, metav1.DeleteOptions{})
		}
		must(t, err)
	}
}

// lost takes an object that the API server would not delete out of etcd.
func lost(key string) func(*testing.T, *rig.Cluster) {
	return func(t *testing.T, c *rig.Cluster) {
		t.Helper()
		body, err := json.Marshal(map[string][]byte{"key": []byte("/registry/" + key)})
		must(t, err)
		resp, err := http.Post("http://"+c.Address(1).String()+":2379/v3/kv/deleterange", "application/json", bytes.NewReader(body))
		must(t, err)
		defer resp.Body.Close()
		var answer struct{ Deleted string }
		must(t, json.NewDecoder(resp.Body).Decode(&answer))
		if answer.Deleted != "1" {
			t.Fatalf("etcd deleted %q objects at %s", answer.Deleted, key)
		}
	}
}

func service(t *testing.T, c *rig.Cluster) {
	t.Helper()
	s := &corev1.Service{Spec: corev1.ServiceSpec{ClusterIP: "10.96.7.1", Ports: []corev1.ServicePort{{Port: 80}}}}
	s.Name = "shop"
	_, err := c.Client.CoreV1().Services(metav1.NamespaceDefault).Create(t.Context(), s, metav1.CreateOptions{})
	must(t, err)
}

// serviceWithoutAddress is a Service whose IPAddress is not there. Nothing
// denies the one that the Service is created with: that one is there before.
func serviceWithoutAddress(t *testing.T, c *rig.Cluster) {
	t.Helper()
	hooks := c.Client.AdmissionregistrationV1().ValidatingWebhookConfigurations()
	no, err := hooks.Get(t.Context(), "no", metav1.GetOptions{})
	must(t, err)
	must(t, hooks.Delete(t.Context(), "no", metav1.DeleteOptions{}))
	time.Sleep(2 * time.Second)
	service(t, c)
	no.ResourceVersion = ""
	_, err = hooks.Create(t.Context(), no, metav1.CreateOptions{})
	must(t, err)
	time.Sleep(2 * time.Second)
	gone("networking.k8s.io/v1", "ipaddresses", "", "10.96.7.1")(t, c)
}

// serviceWithoutBit takes the bitmap of all ClusterIPs away, and denies every
// write that a server could make instead of repairing it in etcd.
func serviceWithoutBit(t *testing.T, c *rig.Cluster) {
	t.Helper()
	service(t, c)
	b, err := c.StartBackend(t.Context(), rig.BackendOptions{Namespace: "rig", Service: "never", Behaviour: controlplane.Deny("no", 0)})
	must(t, err)
	must(t, c.Validate(t.Context(), "never", b.ClientConfig("/"), func(w *admissionregistrationv1.ValidatingWebhook) {
		w.MatchConditions = []admissionregistrationv1.MatchCondition{{Name: "loopback", Expression: `request.userInfo.username == "system:apiserver"`}}
	}))
	time.Sleep(2 * time.Second)
	lost("ranges/serviceips")(t, c)
}

func retiredAPIService(t *testing.T, c *rig.Cluster) {
	t.Helper()
	create(t, apiServices(t, c), "apiregistration.k8s.io/v1", "APIService", "v1beta1.batch", map[string]any{
		"metadata": map[string]any{"labels": map[string]any{"kube-aggregator.kubernetes.io/automanaged": "onstart"}},
		"spec":     map[string]any{"group": "batch", "version": "v1beta1", "groupPriorityMinimum": int64(17400), "versionPriority": int64(9)},
	})
}

// aggregated is an APIService of a server that isn't there.
func aggregated(t *testing.T, c *rig.Cluster) {
	t.Helper()
	create(t, apiServices(t, c), "apiregistration.k8s.io/v1", "APIService", "v1.rig.test", map[string]any{"spec": map[string]any{
		"group": "rig.test", "version": "v1", "groupPriorityMinimum": int64(1000), "versionPriority": int64(10), "insecureSkipTLSVerify": true,
		"service": map[string]any{"namespace": "rig", "name": "nowhere", "port": int64(443)},
	}})
}

// describedAs gives a built-in APIService a status that its API server would not
// give it. While it says that it is not available, autoregister-completion waits
// for another.
func describedAs(available string) func(*testing.T, *rig.Cluster) {
	return func(t *testing.T, c *rig.Cluster) {
		t.Helper()
		a, err := apiServices(t, c).Get(t.Context(), "v1.batch", metav1.GetOptions{})
		must(t, err)
		a.Object["status"] = map[string]any{"conditions": []any{map[string]any{
			"type": "Available", "status": available, "reason": "Rig", "message": "no", "lastTransitionTime": "2020-01-01T00:00:00Z",
		}}}
		_, err = apiServices(t, c).UpdateStatus(t.Context(), a, metav1.UpdateOptions{})
		must(t, err)
	}
}

func newKind(t *testing.T, c *rig.Cluster) {
	t.Helper()
	open := map[string]any{"openAPIV3Schema": map[string]any{"type": "object"}}
	create(t, dyn(t, c, "apiextensions.k8s.io/v1", "customresourcedefinitions"), "apiextensions.k8s.io/v1", "CustomResourceDefinition", "things.rig.test", map[string]any{"spec": map[string]any{
		"group": "rig.test", "scope": "Cluster", "names": map[string]any{"plural": "things", "singular": "thing", "kind": "Thing", "listKind": "ThingList"},
		"versions": []any{map[string]any{"name": "v1", "served": true, "storage": true, "schema": open}},
	}})
}

func create(t *testing.T, all dynamic.NamespaceableResourceInterface, apiVersion, kind, name string, object map[string]any) {
	t.Helper()
	u := &unstructured.Unstructured{Object: object}
	u.SetAPIVersion(apiVersion)
	u.SetKind(kind)
	u.SetName(name)
	_, err := all.Create(t.Context(), u, metav1.CreateOptions{})
	must(t, err)
}

// another is an API server that has just ended: while there is one, who takes its
// own address away leaves others.
func another(t *testing.T, c *rig.Cluster) {
	t.Helper()
	minor := c.First.Version[:strings.LastIndexByte(c.First.Version, '.')]
	out, err := c.Upgrade(t.Context(), minor, controlplane.UpgradeOptions{Settle: 2 * time.Second})
	must(t, err)
	out.Replica.Stop()
}

// expiredLease is that of an API server that has long gone.
func expiredLease(t *testing.T, c *rig.Cluster) {
	t.Helper()
	seconds, renewed, holder := int32(3600), metav1.NewMicroTime(time.Now().Add(-2*time.Hour)), "rig"
	l := &coordinationv1.Lease{Spec: coordinationv1.LeaseSpec{HolderIdentity: &holder, LeaseDurationSeconds: &seconds, RenewTime: &renewed}}
	l.Name, l.Labels = "apiserver-long-gone", map[string]string{"apiserver.kubernetes.io/identity": "kube-apiserver"}
	_, err := c.Client.CoordinationV1().Leases(metav1.NamespaceSystem).Create(t.Context(), l, metav1.CreateOptions{})
	must(t, err)
}
