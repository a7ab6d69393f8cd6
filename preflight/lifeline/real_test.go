package lifeline

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/gke-preflight/gke-preflight/preflight/bootstrap"
)

func parsed(t *testing.T, text string) *unstructured.Unstructured {
	t.Helper()
	var o map[string]any
	if err := json.Unmarshal([]byte(text), &o); err != nil {
		t.Fatal(err)
	}
	return &unstructured.Unstructured{Object: o}
}

const runs = `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"web-0","namespace":"shop","uid":"u","resourceVersion":"7","labels":{"app":"web","by-hand":"x","statefulset.kubernetes.io/pod-name":"web-0"},
	"ownerReferences":[{"apiVersion":"apps/v1","kind":"StatefulSet","name":"web","uid":"s","controller":true}]},
	"spec":{"nodeName":"n1","hostname":"web-0","serviceAccountName":"default","priority":0,"containers":[
		{"name":"web","image":"web","volumeMounts":[{"name":"kube-api-access-abcde","mountPath":"/token"}]},{"name":"sidecar","image":"proxy"}],
		"volumes":[{"name":"data","persistentVolumeClaim":{"claimName":"data-web-0"}},{"name":"kube-api-access-abcde","projected":{}},{"name":"of-the-proxy","emptyDir":{}}]},
	"status":{"phase":"Running"}}`

// TestAnew: a pod made anew is as its controller and the API server's own plugins make it,
// without what a webhook or somebody's hand has added to the one that runs; without its
// template it is that one, without what it can't have yet.
func TestAnew(t *testing.T) {
	set := parsed(t, `{"apiVersion":"apps/v1","kind":"StatefulSet","metadata":{"name":"web"},"spec":{"template":{"metadata":{"labels":{"app":"web"},"annotations":{"team":"a"}},"spec":{"containers":[{"name":"web","image":"web:2"}]}}}}`)
	w := bootstrap.Write{Operation: bootstrap.Create, Resource: pod.resource, Kind: pod.kind, Namespace: "shop", Name: "web", Sketch: true, User: serviceAccount(statefulSets)}
	live := parsed(t, runs)
	got, ok := Real(w, Found{Object: live, Maker: set})
	if !ok || got.Sketch || got.For.Key() != w.Key() || got.Shown != "Pod shop/web-0, made anew as StatefulSet web has it" {
		t.Fatalf("%+v", got)
	}
	want := parsed(t, `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"web-0","namespace":"shop","labels":{"app":"web","statefulset.kubernetes.io/pod-name":"web-0"},"annotations":{"team":"a"},
		"ownerReferences":[{"apiVersion":"apps/v1","kind":"StatefulSet","name":"web","uid":"s","controller":true}]},
		"spec":{"hostname":"web-0","serviceAccountName":"default","priority":0,"containers":[{"name":"web","image":"web:2","volumeMounts":[{"name":"kube-api-access-abcde","mountPath":"/token"}]}],
			"volumes":[{"name":"data","persistentVolumeClaim":{"claimName":"data-web-0"}},{"name":"kube-api-access-abcde","projected":{}}]},"status":{}}`)
	if diff := cmp.Diff(want.Object, got.Object.Object); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if diff := cmp.Diff(parsed(t, runs).Object, live.Object); diff != "" {
		t.Errorf("what was read is changed:\n%s", diff)
	}
	if got, _ = Real(w, Found{Object: live}); got.Object.GetUID() != "" || got.Object.GetLabels()["by-hand"] != "x" || len(got.Object.Object["status"].(map[string]any)) > 0 {
		t.Errorf("without its template it is %v", got.Object.Object)
	}
	if _, placed, _ := unstructured.NestedString(got.Object.Object, "spec", "nodeName"); placed {
		t.Error("a pod that is made anew has a node")
	}
	if _, ok = Real(w, Found{Why: "no permission"}); ok {
		t.Error("what could not be read is made real")
	}
}

// TestRealUpdates: an update has the object before and after, a deletion before alone, an
// eviction is not the pod's object, and a kubelet is that of the pod's own node.
func TestRealUpdates(t *testing.T) {
	live := parsed(t, runs)
	status, _ := Real(sketch(bootstrap.Update, pod.sub("status"), object{namespace: "shop", name: "web"}, kubelet("n9")), Found{Object: live})
	if status.User.Name != "system:node:n1" || status.OldObject == nil || status.Object.GetUID() != "u" || status.For.User.Name != "system:node:n9" {
		t.Errorf("%+v", status)
	}
	gone, _ := Real(removal(pod, object{namespace: "shop", name: "web-0"}, upgrader()), Found{Object: live})
	if gone.Object != nil || gone.OldObject.GetUID() != "u" {
		t.Errorf("%+v", gone)
	}
	evicted, _ := Real(sketch(bootstrap.Create, evict, object{namespace: "shop", name: "web-0"}, upgrader()), Found{Object: live})
	if evicted.Object.GetKind() != "Eviction" || evicted.Object.GetName() != "web-0" || evicted.Object.GetUID() != "" {
		t.Errorf("%+v", evicted.Object.Object)
	}
}
