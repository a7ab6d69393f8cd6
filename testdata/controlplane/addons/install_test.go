package addons

import (
	"context"
	"maps"
	"os"
	"testing"
	"time"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/gke-preflight/gke-preflight/gke/controlplane"
	"github.com/gke-preflight/gke-preflight/gke/controlplane/rig"
	"github.com/gke-preflight/gke-preflight/preflight/addons"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

const (
	written  = "../../map/written/"
	recorded = "../../map/recorded/"
)

// manifests are what the add-on registers, as it was recorded or written.
func manifests(t *testing.T, f addons.From) []byte {
	t.Helper()
	file := written + f.Written
	if f.Recorded != "" {
		file = recorded + f.Recorded
	}
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if f.Recorded == "" {
		return b
	}
	s, err := facts.LoadZip(b)
	if err != nil {
		t.Fatal(err)
	}
	if b, err = addons.Manifest(s); err != nil {
		t.Fatal(err)
	}
	return b
}

// install starts backends that hang behind the add-on's Services, and applies what it
// registers: that which others need first, and what fails again and again until it is
// taken.
func install(t *testing.T, k *rig.Cluster, i addons.Install) {
	t.Helper()
	labels(t, k)
	in := installer{k: k, backends: map[string]*rig.Backend{}}
	all, err := rig.Objects(manifests(t, i.From))
	if err != nil {
		t.Fatal(err)
	}
	var first, last []*unstructured.Unstructured
	for _, o := range all {
		switch o.GetKind() {
		case "Service", "Namespace":
			// The backends bring theirs.
		case "ValidatingWebhookConfiguration", "MutatingWebhookConfiguration":
			in.lead(t, o)
			last = append(last, o)
		case "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding":
			last = append(last, o)
		default:
			first = append(first, schemaed(t, o))
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for _, objects := range [][]*unstructured.Unstructured{first, last} {
		if err := k.Apply(ctx, metav1.NamespaceDefault, objects); err != nil {
			t.Fatal(err)
		}
	}
}

type installer struct {
	k        *rig.Cluster
	backends map[string]*rig.Backend
}

// lead has the webhooks of a configuration lead to backends of this test.
func (in installer) lead(t *testing.T, o *unstructured.Unstructured) {
	t.Helper()
	webhooks, _, err := unstructured.NestedSlice(o.Object, "webhooks")
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range webhooks {
		fields := w.(map[string]any)
		var to admissionregistrationv1.WebhookClientConfig
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(fields["clientConfig"].(map[string]any), &to); err != nil {
			t.Fatal(err)
		}
		name := to.Service.Namespace + "/" + to.Service.Name
		b := in.backends[name]
		if b == nil {
			if b, err = in.k.StartBackend(t.Context(), rig.BackendOptions{Namespace: to.Service.Namespace, Service: to.Service.Name, Behaviour: controlplane.HangAfterTLS()}); err != nil {
				t.Fatal(err)
			}
			in.backends[name] = b
		}
		if fields["clientConfig"], err = runtime.DefaultUnstructuredConverter.ToUnstructured(new(b.ClientConfig("/"))); err != nil {
			t.Fatal(err)
		}
	}
	if err := unstructured.SetNestedSlice(o.Object, webhooks, "webhooks"); err != nil {
		t.Fatal(err)
	}
}

// schemaed gives a CustomResourceDefinition the schema that a recording does not hold.
func schemaed(t *testing.T, o *unstructured.Unstructured) *unstructured.Unstructured {
	t.Helper()
	if o.GetKind() != "CustomResourceDefinition" {
		return o
	}
	versions, _, err := unstructured.NestedSlice(o.Object, "spec", "versions")
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range versions {
		v.(map[string]any)["schema"] = map[string]any{"openAPIV3Schema": map[string]any{"type": "object", "x-kubernetes-preserve-unknown-fields": true}}
	}
	if err := unstructured.SetNestedSlice(o.Object, versions, "spec", "versions"); err != nil {
		t.Fatal(err)
	}
	return o
}

// labels are those that Open Policy Agent's tutorial puts on kube-system.
func labels(t *testing.T, k *rig.Cluster) {
	t.Helper()
	n, err := k.Client.CoreV1().Namespaces().Get(t.Context(), "kube-system", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	maps.Copy(n.Labels, map[string]string{"openpolicyagent.org/webhook": "ignore"})
	if _, err := k.Client.CoreV1().Namespaces().Update(t.Context(), n, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
}
