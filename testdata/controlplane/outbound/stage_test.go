package outbound

import (
	"context"
	"encoding/json"
	"net/http"
	"testing"
	"time"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/dynamic"

	"github.com/gke-preflight/gke-preflight/gke/controlplane"
	"github.com/gke-preflight/gke-preflight/gke/controlplane/rig"
)

// A stage is a backend and what is wrong with the way to it.
type stage struct {
	behaviour              controlplane.Behaviour
	notAfter               time.Time
	names                  []string
	otherCA, insecure      bool
	noEndpoints, noService bool
	nothingStored          bool
}

// backend starts what is behind the Service of that name in its own namespace.
func (s stage) backend(t *testing.T, c *rig.Cluster, namespace, name string) admissionregistrationv1.WebhookClientConfig {
	t.Helper()
	port := int32(443)
	config := admissionregistrationv1.WebhookClientConfig{Service: &admissionregistrationv1.ServiceReference{Namespace: namespace, Name: name, Port: &port}}
	switch {
	case s.noService:
		return config
	case s.noEndpoints:
		_, err := c.Client.CoreV1().Namespaces().Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}, metav1.CreateOptions{})
		must(t, err)
		_, err = c.Client.CoreV1().Services(namespace).Create(t.Context(), &corev1.Service{ObjectMeta: metav1.ObjectMeta{Name: name},
			Spec: corev1.ServiceSpec{Selector: map[string]string{"app": name}, Ports: []corev1.ServicePort{{Name: "https", Port: port}}}}, metav1.CreateOptions{})
		must(t, err)
		return config
	}
	b, err := c.StartBackend(t.Context(), rig.BackendOptions{Namespace: namespace, Service: name, Node: "node-" + namespace, Behaviour: s.behaviour, NotAfter: s.notAfter, Names: s.names})
	must(t, err)
	config.CABundle = b.CABundle
	if s.otherCA {
		other, err := controlplane.NewAuthority("other")
		must(t, err)
		config.CABundle = other.PEM
	}
	return config
}

func of(t *testing.T, c *rig.Cluster, group, version, resource string) dynamic.NamespaceableResourceInterface {
	t.Helper()
	client, err := dynamic.NewForConfig(c.Config)
	must(t, err)
	return client.Resource(schema.GroupVersionResource{Group: group, Version: version, Resource: resource})
}

// object makes of v, which has its fields, an object of the kind.
func object(t *testing.T, apiVersion, kind, name string, spec map[string]any) *unstructured.Unstructured {
	t.Helper()
	u := &unstructured.Unstructured{Object: map[string]any{"spec": spec}}
	u.SetAPIVersion(apiVersion)
	u.SetKind(kind)
	u.SetName(name)
	return u
}

// definition creates a kind with two versions whose objects the backend converts,
// and stores one in v1.
func (s stage) definition(t *testing.T, c *rig.Cluster, name string) {
	config := s.backend(t, c, "convert-"+name, name)
	client, err := runtime.DefaultUnstructuredConverter.ToUnstructured(&config)
	must(t, err)
	open := map[string]any{"openAPIV3Schema": map[string]any{"type": "object", "x-kubernetes-preserve-unknown-fields": true}}
	plural := name + "s"
	_, err = of(t, c, "apiextensions.k8s.io", "v1", "customresourcedefinitions").Create(t.Context(), object(t, "apiextensions.k8s.io/v1", "CustomResourceDefinition", plural+".rig.test", map[string]any{
		"group": "rig.test", "scope": "Cluster", "names": map[string]any{"plural": plural, "singular": name, "kind": "Kind" + name},
		"versions": []any{
			map[string]any{"name": "v1", "served": true, "storage": true, "schema": open},
			map[string]any{"name": "v2", "served": true, "storage": false, "schema": open},
		},
		"conversion": map[string]any{"strategy": "Webhook", "webhook": map[string]any{"conversionReviewVersions": []any{"v1"}, "clientConfig": client}},
	}), metav1.CreateOptions{})
	must(t, err)
	if s.nothingStored {
		return
	}
	one := object(t, "rig.test/v1", "Kind"+name, "one", map[string]any{"word": "shibboleth"})
	must(t, wait.PollUntilContextTimeout(t.Context(), 200*time.Millisecond, 20*time.Second, true, func(ctx context.Context) (bool, error) {
		_, err := of(t, c, "rig.test", "v1", plural).Create(ctx, one, metav1.CreateOptions{})
		return err == nil || apierrors.IsAlreadyExists(err), nil
	}))
}

func (s stage) apiService(t *testing.T, c *rig.Cluster, name string) {
	config := s.backend(t, c, "serve-"+name, name)
	spec := map[string]any{
		"group": name + ".rig.test", "version": "v1", "groupPriorityMinimum": int64(1000), "versionPriority": int64(10),
		"service": map[string]any{"namespace": "serve-" + name, "name": name, "port": int64(443)},
	}
	if s.insecure {
		spec["insecureSkipTLSVerify"] = true
	} else {
		spec["caBundle"] = config.CABundle
	}
	content, err := json.Marshal(object(t, "apiregistration.k8s.io/v1", "APIService", "v1."+name+".rig.test", spec).Object)
	must(t, err)
	u := &unstructured.Unstructured{}
	must(t, u.UnmarshalJSON(content))
	_, err = of(t, c, "apiregistration.k8s.io", "v1", "apiservices").Create(t.Context(), u, metav1.CreateOptions{})
	must(t, err)
}

// judged waits until the API server has made up its mind about the APIService.
func judged(t *testing.T, c *rig.Cluster, name string) {
	t.Helper()
	must(t, wait.PollUntilContextTimeout(t.Context(), 500*time.Millisecond, 40*time.Second, true, func(ctx context.Context) (bool, error) {
		u, err := of(t, c, "apiregistration.k8s.io", "v1", "apiservices").Get(ctx, "v1."+name+".rig.test", metav1.GetOptions{})
		if err != nil {
			return false, err
		}
		conditions, _, _ := unstructured.NestedSlice(u.Object, "status", "conditions")
		return len(conditions) > 0, nil
	}))
}

// serving answers as an API server with a group of its own.
func serving(name string) controlplane.Behaviour {
	return controlplane.Handle("serve "+name, func(w http.ResponseWriter, r *http.Request) {
		gv := name + ".rig.test/v1"
		if r.URL.Path != "/apis/"+gv {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(metav1.APIResourceList{TypeMeta: metav1.TypeMeta{Kind: "APIResourceList", APIVersion: "v1"}, GroupVersion: gv})
	})
}

// A review is a ConversionReview.
type review = map[string]any

// converting answers with the objects in the version that is asked for, and then
// as adjust changes the response.
func converting(adjust func(response review)) controlplane.Behaviour {
	return controlplane.Handle("convert", func(w http.ResponseWriter, r *http.Request) {
		var asked review
		if err := json.NewDecoder(r.Body).Decode(&asked); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		request := asked["request"].(map[string]any)
		objects := request["objects"].([]any)
		for _, o := range objects {
			o.(map[string]any)["apiVersion"] = request["desiredAPIVersion"]
		}
		response := review{"uid": request["uid"], "convertedObjects": objects, "result": map[string]any{"status": "Success"}}
		if adjust != nil {
			adjust(response)
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(review{"apiVersion": asked["apiVersion"], "kind": asked["kind"], "response": response})
	})
}

func wrongUID(r review) { r["uid"] = "not-the-one" }

func fewer(r review) { r["convertedObjects"] = []any{} }

func renamed(r review) { metadata(r)["name"] = "other" }

func relabelled(r review) { metadata(r)["labels"] = map[string]any{"converted": "yes"} }

func unmoved(r review) {
	r["convertedObjects"].([]any)[0].(map[string]any)["apiVersion"] = "rig.test/v1"
}

func unwilling(r review) {
	r["result"] = map[string]any{"status": "Failure", "message": "the word is not known"}
	r["convertedObjects"] = []any{}
}

func metadata(r review) map[string]any {
	return r["convertedObjects"].([]any)[0].(map[string]any)["metadata"].(map[string]any)
}
