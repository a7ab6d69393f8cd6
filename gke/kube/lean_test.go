package kube_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"

	"github.com/gke-preflight/gke-preflight/gke/kube"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// TestLean: what is read of pods, nodes and leases in protobuf, without decoding all of
// them, is what is read of the same in JSON. Every field that they have is set.
func TestLean(t *testing.T) {
	pods, nodes, leases := corev1.PodList{}, corev1.NodeList{}, coordinationv1.LeaseList{}
	for n := range 4 {
		var p corev1.Pod
		fill(reflect.ValueOf(&p).Elem(), n)
		p.Status.Phase, p.Spec.NodeName = corev1.PodRunning, "n0"
		p.OwnerReferences = []metav1.OwnerReference{{APIVersion: "apps/v1", Kind: []string{"ReplicaSet", "DaemonSet", "StatefulSet", "Job"}[n], Name: fmt.Sprint("owner-", n), UID: "1", Controller: new(true)}}
		p.Namespace = []string{"kube-system", "shop"}[n%2]
		p.Labels = map[string]string{"component": "kube-proxy", "k8s-app": fmt.Sprint(n)}
		p.Spec.Containers[0].Name = "kube-proxy"
		p.Spec.Containers[0].Image = "proxy:v1.36.3"
		p.Spec.Containers[0].Resources.Requests[corev1.ResourceCPU] = resource.MustParse("250m")
		pods.Items = append(pods.Items, p)
		var node corev1.Node
		fill(reflect.ValueOf(&node).Elem(), n)
		node.Name = fmt.Sprint("n", n)
		nodes.Items = append(nodes.Items, node)
		var l coordinationv1.Lease
		fill(reflect.ValueOf(&l).Elem(), n)
		l.Name, l.Namespace = node.Name, "kube-node-lease"
		leases.Items = append(leases.Items, l)
	}
	read := func(accepted func(*http.Request) bool) *facts.Snapshot {
		s := serve(t)
		s.json("/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations", listOf(
			`{"metadata":{"name":"h"},"webhooks":[{"name":"h","clientConfig":{"service":{"namespace":"shop","name":"h"}}},{"name":"k","clientConfig":{"service":{"namespace":"kube-system","name":"k"}}}]}`))
		for path, list := range map[string]runtime.Object{podsPath: &pods, nodesPath: &nodes, "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases": &leases} {
			s.handle(path, func(w http.ResponseWriter, r *http.Request) { encode(t, w, list, accepted(r)) })
		}
		return s.collect(t, kube.Options{})
	}
	inJSON := read(func(*http.Request) bool { return false })
	lean := read(func(r *http.Request) bool { return strings.Contains(r.Header.Get("Accept"), "protobuf") })
	same(t, facts.BackendPods, inJSON, lean)
	same(t, facts.PodGroups, inJSON, lean)
	same(t, facts.PodDetails, inJSON, lean)
	same(t, facts.NodeRequests, inJSON, lean)
	same(t, facts.KubeProxies, inJSON, lean)
	same(t, facts.Nodes, inJSON, lean)
	same(t, facts.NodeLeases, inJSON, lean)
}

// TestLeanBroken: an answer that breaks off within its protobuf is no list with less in it.
func TestLeanBroken(t *testing.T) {
	s := serve(t)
	s.handle(podsPath, func(w http.ResponseWriter, _ *http.Request) {
		record := httptest.NewRecorder()
		encode(t, record, &corev1.PodList{ListMeta: metav1.ListMeta{ResourceVersion: "1"}, Items: []corev1.Pod{{ObjectMeta: metav1.ObjectMeta{Name: "a", Namespace: "b"}}}}, true)
		body := record.Body.Bytes()
		w.Header().Set("Content-Type", runtime.ContentTypeProtobuf)
		_, _ = w.Write(append(body[:len(body)-12:len(body)-12], slices.Repeat([]byte{0xff}, 12)...))
	})
	if v, ok := facts.PodGroups.Get(s.collect(t, kube.Options{})); ok {
		t.Errorf("%v", v)
	}
}

func same[T any](t *testing.T, k facts.Key[T], inJSON, lean *facts.Snapshot) {
	t.Helper()
	want, ok := k.Get(inJSON)
	if !ok || reflect.ValueOf(want).Len() == 0 {
		a, _ := inJSON.Absence(k)
		t.Errorf("there is no %s, which proves nothing: %s", k.ID(), a)
	}
	if d := cmp.Diff(want, k.Of(lean)); d != "" {
		t.Errorf("%s is another one in protobuf (- JSON, + protobuf):\n%s", k.ID(), d)
	}
}

func encode(t testing.TB, w http.ResponseWriter, list runtime.Object, inProtobuf bool) {
	list.(metav1.ListInterface).SetResourceVersion("1")
	kind := runtime.ContentTypeJSON
	if inProtobuf {
		kind = runtime.ContentTypeProtobuf
	}
	info, _ := runtime.SerializerInfoForMediaType(scheme.Codecs.SupportedMediaTypes(), kind)
	w.Header().Set("Content-Type", kind)
	if err := scheme.Codecs.EncoderForVersion(info.Serializer, schema.GroupVersions{corev1.SchemeGroupVersion, coordinationv1.SchemeGroupVersion}).Encode(list, w); err != nil {
		t.Error(err)
	}
}

// fill sets every field of v to something, and n of it differ.
func fill(v reflect.Value, n int) {
	switch v.Addr().Interface().(type) {
	case *resource.Quantity:
		v.Set(reflect.ValueOf(resource.MustParse(strconv.Itoa(n+1) + "Gi")))
		return
	case *intstr.IntOrString:
		v.Set(reflect.ValueOf(intstr.FromInt32(int32(n + 1))))
		return
	case *metav1.Time:
		v.Set(reflect.ValueOf(metav1.NewTime(time.Unix(1_700_000_000+int64(n), 0))))
		return
	case *metav1.MicroTime:
		v.Set(reflect.ValueOf(metav1.NewMicroTime(time.Unix(1_700_000_000+int64(n), 0))))
		return
	case *metav1.FieldsV1:
		v.Set(reflect.ValueOf(metav1.FieldsV1{Raw: []byte(`{}`)}))
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(fmt.Sprint("s", n))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int32, reflect.Int64, reflect.Int:
		v.SetInt(int64(n + 1))
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), n)
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Field(i).CanSet() {
				fill(v.Field(i), n)
			}
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range 2 {
			fill(v.Index(i), n+i)
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		fill(key, n)
		fill(value, n)
		v.SetMapIndex(key, value)
	}
}

// BenchmarkPods reads 50,000 pods from a server that has them ready, beside a client that
// lists them and throws them away.
func BenchmarkPods(b *testing.B) {
	pages := podPages(b, 100, 500)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != podsPath {
			answer(w, http.StatusOK, `{"metadata":{"resourceVersion":"1"},"items":[]}`)
			return
		}
		n, _ := strconv.Atoi(r.URL.Query().Get("continue"))
		w.Header().Set("Content-Type", runtime.ContentTypeProtobuf)
		_, _ = w.Write(pages[n])
	}))
	defer s.Close()
	b.Run("plain", func(b *testing.B) {
		cfg := &rest.Config{Host: s.URL, QPS: -1, ContentConfig: rest.ContentConfig{ContentType: runtime.ContentTypeProtobuf}}
		client, err := kubernetes.NewForConfig(cfg)
		if err != nil {
			b.Fatal(err)
		}
		for b.Loop() {
			for o := (metav1.ListOptions{Limit: 500}); ; {
				l, err := client.CoreV1().Pods("").List(b.Context(), o)
				if err != nil {
					b.Fatal(err)
				}
				if o.Continue = l.Continue; o.Continue == "" {
					break
				}
			}
		}
	})
	b.Run("collect", func(b *testing.B) {
		for b.Loop() {
			s := facts.New(facts.Meta{}, kube.Collect(b.Context(), &rest.Config{Host: s.URL}, kube.Options{})...)
			if len(facts.PodGroups.Of(s)) == 0 {
				b.Fatal("no pods")
			}
		}
	})
}

func podPages(b *testing.B, pages, each int) (all [][]byte) {
	b.Helper()
	container := corev1.Container{Name: "server", Image: "europe-docker.pkg.dev/acme-prod/images/app:v1.2.3", LivenessProbe: &corev1.Probe{ProbeHandler: corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{Path: "/healthz"}}},
		Resources:    corev1.ResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("100m"), corev1.ResourceMemory: resource.MustParse("128Mi")}},
		Ports:        []corev1.ContainerPort{{Name: "http", ContainerPort: 8080}},
		VolumeMounts: []corev1.VolumeMount{{Name: "kube-api-access", MountPath: "/var/run/secrets", ReadOnly: true}}}
	for n := range 10 {
		container.Env = append(container.Env, corev1.EnvVar{Name: fmt.Sprint("SETTING_", n), Value: "the value of a setting of an application"})
	}
	for n := range pages {
		list := &corev1.PodList{}
		if n+1 < pages {
			list.Continue = strconv.Itoa(n + 1)
		}
		for i := range each {
			id := n*each + i
			p := corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: fmt.Sprint("team-", id%50), Name: fmt.Sprint("app-7c9f6d5b4d-", id), UID: "00000000-0000-4000-8000-000000000000",
				OwnerReferences: []metav1.OwnerReference{{APIVersion: "apps/v1", Kind: "ReplicaSet", Name: "app-7c9f6d5b4d", UID: "1", Controller: new(true)}},
				Labels:          map[string]string{"app.kubernetes.io/name": "app", "pod-template-hash": "7c9f6d5b4d"},
				ManagedFields:   []metav1.ManagedFieldsEntry{{Manager: "kube-controller-manager", Operation: "Update", FieldsType: "FieldsV1", FieldsV1: &metav1.FieldsV1{Raw: []byte(strings.Repeat(`{"f:metadata":{"f:labels":{}}}`, 20))}}}}}
			p.Spec = corev1.PodSpec{NodeName: fmt.Sprint("node-", id%5000), Containers: []corev1.Container{container, container}, Volumes: []corev1.Volume{{Name: "kube-api-access", VolumeSource: corev1.VolumeSource{Projected: &corev1.ProjectedVolumeSource{Sources: []corev1.VolumeProjection{{ServiceAccountToken: &corev1.ServiceAccountTokenProjection{Path: "token"}}}}}}}}
			p.Status.Phase = corev1.PodRunning
			list.Items = append(list.Items, p)
		}
		record := httptest.NewRecorder()
		encode(b, record, list, true)
		all = append(all, record.Body.Bytes())
	}
	return all
}
