package lifeline

import (
	"context"
	"testing"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"

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
	do        func(context.Context, *rig.Cluster) error
}

var definitions = schema.GroupVersionResource{Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions"}

// nodeWrites are all of them but evictions, which have a test of their own.
func nodeWrites() map[string]nodeWrite {
	const shop, cni, gmp = "shop", "calico-system", "gmp-system"
	return map[string]nodeWrite{
		"deletion":    {"pod deletions", "", "pods", admissionregistrationv1.Delete, shop, deletes(shop)},
		"csinode":     {"CSI nodes", "storage.k8s.io", "csinodes", admissionregistrationv1.Create, "", attachesDriver},
		"attachment":  {"volume attachments", "storage.k8s.io", "volumeattachments", admissionregistrationv1.Create, "", attaches},
		"volume":      {"persistent volumes", "", "persistentvolumes", admissionregistrationv1.Update, "", updatesVolume},
		"definition":  {"custom resource definitions", "apiextensions.k8s.io", "customresourcedefinitions", admissionregistrationv1.Update, "", updatesDefinition},
		"application": {"pods of applications", "", "pods", admissionregistrationv1.Create, shop, creates(shop)},
		"cni":         {"pods of DaemonSets", "", "pods", admissionregistrationv1.Create, cni, creates(cni)},
		"agent":       {"pods of DaemonSets", "", "pods", admissionregistrationv1.Create, gmp, creates(gmp)},
		"binding":     {"pods of applications", "", "pods/binding", admissionregistrationv1.Create, shop, binds(shop)},
		"pod-status":  {"pods of applications", "", "pods/status", admissionregistrationv1.Update, shop, reports(shop)},
		"token":       {"pods of applications", "", "serviceaccounts/token", admissionregistrationv1.Create, shop, asksToken(shop)},
		"replicas":    {"status of workloads", "apps", "replicasets/status", admissionregistrationv1.Update, shop, counts(shop)},
	}
}

// TestNodeWrites is about webhooks that see one write each of an upgrade of nodes, and fail
// closed: what is foretold of the lines then happens to the real operations.
func TestNodeWrites(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		behaviour controlplane.Behaviour
		exempt    bool
		want      forecast.Fate
		refused   bool
	}{
		"healthy":  {controlplane.Allow(), false, forecast.Kept, false},
		"hung":     {controlplane.HangAfterTLS(), false, forecast.Lost, true},
		"denying":  {controlplane.Deny("not now", 403), false, forecast.Open, true},
		"exempted": {controlplane.HangAfterTLS(), true, forecast.Kept, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k := rig.Start(t, controlplane.Options{})
			prepare(t, k)
			populate(t, k)
			b, err := k.StartBackend(t.Context(), rig.BackendOptions{Namespace: "guard", Service: "guard", Behaviour: c.behaviour})
			if err != nil {
				t.Fatal(err)
			}
			want := map[string]forecast.Fate{}
			for name, w := range nodeWrites() {
				if err := k.Validate(t.Context(), name, b.ClientConfig("/"), onNodeWrite(w, c.exempt)); err != nil {
					t.Fatal(err)
				}
				want[w.line] = c.want
			}
			if c.want == forecast.Open { // a binding is no sketch: what denies it denies them all
				want["pods of applications"] = forecast.Lost
			}
			foretold(t, check(t, k.Kubeconfig, "--vantage", "pod-network"), want)
			for name, w := range nodeWrites() {
				if err := w.do(t.Context(), k); (err != nil) != c.refused {
					t.Errorf("%s ends in %v", name, err)
				}
			}
		})
	}
}

func onNodeWrite(w nodeWrite, exempt bool) func(*admissionregistrationv1.ValidatingWebhook) {
	return func(h *admissionregistrationv1.ValidatingWebhook) {
		fail, seconds := admissionregistrationv1.Fail, int32(1)
		h.FailurePolicy, h.TimeoutSeconds = &fail, &seconds
		h.Rules = []admissionregistrationv1.RuleWithOperations{{Operations: []admissionregistrationv1.OperationType{w.operation},
			Rule: admissionregistrationv1.Rule{APIGroups: []string{w.group}, APIVersions: []string{"*"}, Resources: []string{w.resource}}}}
		if w.namespace != "" {
			h.NamespaceSelector = &metav1.LabelSelector{MatchLabels: map[string]string{corev1.LabelMetadataName: w.namespace}}
		}
		if exempt {
			h.MatchConditions = []admissionregistrationv1.MatchCondition{{Name: "never", Expression: "false"}}
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

func deletes(namespace string) func(context.Context, *rig.Cluster) error {
	return func(ctx context.Context, k *rig.Cluster) error {
		return k.Client.CoreV1().Pods(namespace).Delete(ctx, "leaving", metav1.DeleteOptions{GracePeriodSeconds: new(int64(0))})
	}
}

func creates(namespace string) func(context.Context, *rig.Cluster) error {
	return func(ctx context.Context, k *rig.Cluster) error {
		return ignore(k.Client.CoreV1().Pods(namespace).Create(ctx, aPod("again", "", nil), metav1.CreateOptions{}))
	}
}

func binds(namespace string) func(context.Context, *rig.Cluster) error {
	return func(ctx context.Context, k *rig.Cluster) error {
		b := &corev1.Binding{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "pending"}, Target: corev1.ObjectReference{Kind: "Node", Name: node}}
		return k.Client.CoreV1().Pods(namespace).Bind(ctx, b, metav1.CreateOptions{})
	}
}

func reports(namespace string) func(context.Context, *rig.Cluster) error {
	return func(ctx context.Context, k *rig.Cluster) error {
		p, err := k.Client.CoreV1().Pods(namespace).Get(ctx, "app", metav1.GetOptions{})
		if err != nil {
			return err
		}
		p.Status.Phase = corev1.PodRunning
		return ignore(k.Client.CoreV1().Pods(namespace).UpdateStatus(ctx, p, metav1.UpdateOptions{}))
	}
}

func asksToken(namespace string) func(context.Context, *rig.Cluster) error {
	return func(ctx context.Context, k *rig.Cluster) error {
		return ignore(k.Client.CoreV1().ServiceAccounts(namespace).CreateToken(ctx, "default", &authenticationv1.TokenRequest{}, metav1.CreateOptions{}))
	}
}

func counts(namespace string) func(context.Context, *rig.Cluster) error {
	return func(ctx context.Context, k *rig.Cluster) error {
		r, err := k.Client.AppsV1().ReplicaSets(namespace).Get(ctx, "app", metav1.GetOptions{})
		if err != nil {
			return err
		}
		r.Status.Replicas = 1
		return ignore(k.Client.AppsV1().ReplicaSets(namespace).UpdateStatus(ctx, r, metav1.UpdateOptions{}))
	}
}

func attachesDriver(ctx context.Context, k *rig.Cluster) error {
	n := &storagev1.CSINode{ObjectMeta: metav1.ObjectMeta{Name: node}, Spec: storagev1.CSINodeSpec{Drivers: []storagev1.CSINodeDriver{}}}
	return ignore(k.Client.StorageV1().CSINodes().Create(ctx, n, metav1.CreateOptions{}))
}

func attaches(ctx context.Context, k *rig.Cluster) error {
	volume := "pv"
	a := &storagev1.VolumeAttachment{ObjectMeta: metav1.ObjectMeta{Name: "csi-1"}, Spec: storagev1.VolumeAttachmentSpec{Attacher: "pd.csi.storage.gke.io", NodeName: node, Source: storagev1.VolumeAttachmentSource{PersistentVolumeName: &volume}}}
	return ignore(k.Client.StorageV1().VolumeAttachments().Create(ctx, a, metav1.CreateOptions{}))
}

func updatesVolume(ctx context.Context, k *rig.Cluster) error {
	v, err := k.Client.CoreV1().PersistentVolumes().Get(ctx, "pv", metav1.GetOptions{})
	if err != nil {
		return err
	}
	v.Labels = map[string]string{"bound": "true"}
	return ignore(k.Client.CoreV1().PersistentVolumes().Update(ctx, v, metav1.UpdateOptions{}))
}

func updatesDefinition(ctx context.Context, k *rig.Cluster) error {
	dyn, err := dynamic.NewForConfig(k.Config)
	if err != nil {
		return err
	}
	d, err := dyn.Resource(definitions).Get(ctx, definition().GetName(), metav1.GetOptions{})
	if err != nil {
		return err
	}
	d.SetLabels(map[string]string{"addonmanager.kubernetes.io/mode": "Reconcile"})
	return ignore(dyn.Resource(definitions).Update(ctx, d, metav1.UpdateOptions{}))
}
