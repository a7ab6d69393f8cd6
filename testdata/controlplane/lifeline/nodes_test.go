package lifeline

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/gke-preflight/gke-preflight/gke/controlplane"
	"github.com/gke-preflight/gke-preflight/gke/controlplane/rig"
	"github.com/gke-preflight/gke-preflight/preflight/forecast"
)

// A nodeWrite is what an upgrade of nodes writes: the line that foretells it, who sees it
// and nothing else, and the real operation.
type nodeWrite struct {
	line, group, resource string
	operation             admissionregistrationv1.OperationType
	// namespace is the only one that it is about; empty for all.
	namespace string
	// users are those who make it, by what the line says; the first of them does here.
	users []string
	do    func(context.Context, acting) error
}

// acting is a way to the API server as one user.
type acting struct {
	Client kubernetes.Interface
	Config *rest.Config
}

// as is the way of a user who may do anything, so that nobody but admission stops it, and
// who is a member of what such a user is.
func as(t *testing.T, k *rig.Cluster, user string) acting {
	t.Helper()
	groups := []string{"system:authenticated"}
	switch {
	case strings.HasPrefix(user, "system:node:"):
		groups = append(groups, "system:nodes")
	case strings.HasPrefix(user, "system:serviceaccount:kube-system:"):
		groups = append(groups, "system:serviceaccounts", "system:serviceaccounts:kube-system")
	}
	cfg, err := k.ConfigFor(k.First, user, groups...)
	if err != nil {
		t.Fatal(err)
	}
	client, err := kubernetes.NewForConfig(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return acting{client, cfg}
}

// trusted lets the users of all operations do anything.
func trusted(t *testing.T, k *rig.Cluster) {
	t.Helper()
	binding := &rbacv1.ClusterRoleBinding{ObjectMeta: metav1.ObjectMeta{Name: "trusted"}, RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "cluster-admin"}}
	for _, user := range []string{kubelet, replicaSets, daemonSets, attacher, binder, scheduler, addons} {
		binding.Subjects = append(binding.Subjects, rbacv1.Subject{Kind: "User", APIGroup: rbacv1.GroupName, Name: user})
	}
	if _, err := k.Client.RbacV1().ClusterRoleBindings().Create(t.Context(), binding, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
}

// The users who make the writes of an upgrade of nodes.
const (
	account     = "system:serviceaccount:kube-system:"
	kubelet     = "system:node:" + node
	replicaSets = account + "replicaset-controller"
	daemonSets  = account + "daemon-set-controller"
	attacher    = account + "attachdetach-controller"
	binder      = account + "persistent-volume-binder"
	collector   = account + "pod-garbage-collector"
	addons      = "system:addon-manager"
	upgrader    = "service-000000000000@container-engine-robot.iam.gserviceaccount.com"
)

var definitions = schema.GroupVersionResource{Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions"}

// nodeWrites are all of them but evictions, which have a test of their own.
func nodeWrites() map[string]nodeWrite {
	const shop, cni, gmp = "shop", "calico-system", "gmp-system"
	return map[string]nodeWrite{
		"deletion":    {"pod deletions", "", "pods", admissionregistrationv1.Delete, shop, []string{kubelet, collector, upgrader}, deletes(shop)},
		"csinode":     {"CSI nodes", "storage.k8s.io", "csinodes", admissionregistrationv1.Create, "", []string{kubelet}, attachesDriver},
		"attachment":  {"volume attachments", "storage.k8s.io", "volumeattachments", admissionregistrationv1.Create, "", []string{attacher}, attaches},
		"volume":      {"persistent volumes", "", "persistentvolumes", admissionregistrationv1.Update, "", []string{binder}, updatesVolume},
		"definition":  {"custom resource definitions", "apiextensions.k8s.io", "customresourcedefinitions", admissionregistrationv1.Update, "", []string{addons}, updatesDefinition},
		"application": {"pods of applications", "", "pods", admissionregistrationv1.Create, shop, []string{replicaSets}, creates(shop)},
		"cni":         {"pods of DaemonSets", "", "pods", admissionregistrationv1.Create, cni, []string{daemonSets}, creates(cni)},
		"agent":       {"pods of DaemonSets", "", "pods", admissionregistrationv1.Create, gmp, []string{daemonSets}, creates(gmp)},
		"binding":     {"pods of applications", "", "pods/binding", admissionregistrationv1.Create, shop, []string{scheduler}, binds(shop)},
		"pod-status":  {"pods of applications", "", "pods/status", admissionregistrationv1.Update, shop, []string{kubelet}, reports(shop)},
		"token":       {"pods of applications", "", "serviceaccounts/token", admissionregistrationv1.Create, shop, []string{kubelet}, asksToken(shop)},
		"replicas":    {"status of workloads", "apps", "replicasets/status", admissionregistrationv1.Update, shop, []string{replicaSets}, counts(shop)},
	}
}

// TestNodeWrites is about webhooks that see one write each of an upgrade of nodes, and fail
// closed: what is foretold of the lines then happens to the real operations.
func TestNodeWrites(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		behaviour controlplane.Behaviour
		// condition is on who makes the write.
		condition func([]string) string
		want      forecast.Fate
		refused   bool
	}{
		"healthy":            {controlplane.Allow(), nil, forecast.Kept, false},
		"hung":               {controlplane.HangAfterTLS(), nil, forecast.Lost, true},
		"denying":            {controlplane.Deny("not now", 403), nil, forecast.Lost, true},
		"exempt, they alone": {controlplane.HangAfterTLS(), func(users []string) string { return "!(request.userInfo.username in " + quoted(users) + ")" }, forecast.Kept, false},
		"seen, they alone":   {controlplane.HangAfterTLS(), func(users []string) string { return "request.userInfo.username in " + quoted(users) }, forecast.Lost, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k := rig.Start(t, controlplane.Options{})
			prepare(t, k)
			populate(t, k)
			trusted(t, k)
			b, err := k.StartBackend(t.Context(), rig.BackendOptions{Namespace: "guard", Service: "guard", Node: node, Behaviour: c.behaviour})
			if err != nil {
				t.Fatal(err)
			}
			want := map[string]forecast.Fate{}
			for name, w := range nodeWrites() {
				if err := k.Validate(t.Context(), name, b.ClientConfig("/"), onNodeWrite(w, c.condition)); err != nil {
					t.Fatal(err)
				}
				want[w.line] = c.want
			}
			if name == "denying" { // there is none that could be shown to it: a sketch was denied
				want["volume attachments"], want["CSI nodes"] = forecast.Open, forecast.Open
			}
			foretold(t, check(t, k.Kubeconfig, "--vantage", "pod-network"), want)
			for name, w := range nodeWrites() {
				if err := w.do(t.Context(), as(t, k, w.users[0])); (err != nil) != c.refused {
					t.Errorf("%s by %s ends in %v", name, w.users[0], err)
				}
			}
		})
	}
}

func quoted(users []string) string {
	b, _ := json.Marshal(users)
	return string(b)
}

func onNodeWrite(w nodeWrite, condition func([]string) string) func(*admissionregistrationv1.ValidatingWebhook) {
	return func(h *admissionregistrationv1.ValidatingWebhook) {
		fail, seconds := admissionregistrationv1.Fail, int32(1)
		h.FailurePolicy, h.TimeoutSeconds = &fail, &seconds
		h.Rules = []admissionregistrationv1.RuleWithOperations{{Operations: []admissionregistrationv1.OperationType{w.operation},
			Rule: admissionregistrationv1.Rule{APIGroups: []string{w.group}, APIVersions: []string{"*"}, Resources: []string{w.resource}}}}
		if w.namespace != "" {
			h.NamespaceSelector = &metav1.LabelSelector{MatchLabels: map[string]string{corev1.LabelMetadataName: w.namespace}}
		}
		if condition != nil {
			h.MatchConditions = []admissionregistrationv1.MatchCondition{{Name: "by-user", Expression: condition(w.users)}}
		}
	}
}

// populate makes what the operations are about, before any webhook sees it.
func populate(t *testing.T, k *rig.Cluster) {
	t.Helper()
	ctx := t.Context()
	for namespace, kind := range map[string]string{"shop": "ReplicaSet", "calico-system": "DaemonSet", "gmp-system": "DaemonSet"} {
		owner := []metav1.OwnerReference{{APIVersion: "apps/v1", Kind: kind, Name: "app", UID: "1", Controller: new(true)}}
		steps := []error{
			ignore(k.Client.CoreV1().Namespaces().Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}, metav1.CreateOptions{})),
			ignore(k.Client.CoreV1().ServiceAccounts(namespace).Create(ctx, &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: "default"}}, metav1.CreateOptions{})),
			ignore(k.Client.CoreV1().Pods(namespace).Create(ctx, aPod("app", node, owner), metav1.CreateOptions{})),
			ignore(k.Client.CoreV1().Pods(namespace).Create(ctx, aPod("pending", "", owner), metav1.CreateOptions{})),
			ignore(k.Client.CoreV1().Pods(namespace).Create(ctx, aPod("leaving", node, owner), metav1.CreateOptions{})),
		}
		for _, err := range steps {
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	set := &appsv1.ReplicaSet{ObjectMeta: metav1.ObjectMeta{Name: "app"}, Spec: appsv1.ReplicaSetSpec{
		Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": "app"}},
		Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{"app": "app"}}, Spec: aPod("app", "", nil).Spec}}}
	if _, err := k.Client.AppsV1().ReplicaSets("shop").Create(ctx, set, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	volume := &corev1.PersistentVolume{ObjectMeta: metav1.ObjectMeta{Name: "pv"}, Spec: corev1.PersistentVolumeSpec{
		Capacity: corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("1Gi")}, AccessModes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce},
		PersistentVolumeSource: corev1.PersistentVolumeSource{CSI: &corev1.CSIPersistentVolumeSource{Driver: "pd.csi.storage.gke.io", VolumeHandle: "x"}}}}
	if _, err := k.Client.CoreV1().PersistentVolumes().Create(ctx, volume, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	dyn, err := dynamic.NewForConfig(k.Config)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := dyn.Resource(definitions).Create(ctx, definition(), metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
}

func ignore[T any](_ T, err error) error { return err }

func aPod(name, node string, owner []metav1.OwnerReference) *corev1.Pod {
	return &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{"app": "app"}, OwnerReferences: owner},
		Spec: corev1.PodSpec{NodeName: node, Containers: []corev1.Container{{Name: "app", Image: "app"}}}}
}

func definition() *unstructured.Unstructured {
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
		"metadata": map[string]any{"name": "volumesnapshots.snapshot.storage.k8s.io", "annotations": map[string]any{"api-approved.kubernetes.io": "https://github.com/kubernetes-csi/external-snapshotter/pull/814"}},
		"spec": map[string]any{
			"group": "snapshot.storage.k8s.io", "scope": "Namespaced", "names": map[string]any{"plural": "volumesnapshots", "singular": "volumesnapshot", "kind": "VolumeSnapshot"},
			"versions": []any{map[string]any{"name": "v1", "served": true, "storage": true, "schema": map[string]any{"openAPIV3Schema": map[string]any{"type": "object"}}}},
		},
	}}
}
