package lifeline

import (
	"fmt"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/dynamic"

	"github.com/gke-preflight/gke-preflight/gke/controlplane/rig"
)

// The names of objects that operations use up: those of the first operations to be let
// through and of the second.
const first, second = "first", "second"

// used are the names for each operation, and each user of it.
func used() (all []string) {
	for _, names := range []string{first, second} {
		for n := range 3 {
			all = append(all, fmt.Sprintf("%s-%d", names, n))
		}
	}
	return all
}

// populate makes what the operations are about, before any webhook sees it.
func populate(t *testing.T, k *rig.Cluster) {
	t.Helper()
	for _, namespace := range []string{shop, vault, calico, gmp, system} {
		inhabited(t, k, namespace)
	}
	daemons(t, k, gmp, aPod("collector", "", nil))
	daemons(t, k, calico, plugin("calico-node"))
	daemons(t, k, system, plugin("anetd"))
	applications(t, k)
	volumes(t, k)
	dyn, err := dynamic.NewForConfig(k.Config)
	if err == nil {
		err = ignore(dyn.Resource(definitions).Create(t.Context(), definition(), metav1.CreateOptions{}))
	}
	if err != nil {
		t.Fatal(err)
	}
}

// inhabited makes the namespace, but for kube-system, and lets it have pods.
func inhabited(t *testing.T, k *rig.Cluster, namespace string) {
	t.Helper()
	if namespace != system {
		all(t, ignore(k.Client.CoreV1().Namespaces().Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}, metav1.CreateOptions{})))
	}
	all(t, ignore(k.Client.CoreV1().ServiceAccounts(namespace).Create(t.Context(), &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: "default"}}, metav1.CreateOptions{})))
}

// daemons makes a DaemonSet of such pods, one of them on a node and others that wait for
// one.
func daemons(t *testing.T, k *rig.Cluster, namespace string, p *corev1.Pod) {
	t.Helper()
	set := &appsv1.DaemonSet{ObjectMeta: metav1.ObjectMeta{Name: p.Name}, Spec: appsv1.DaemonSetSpec{
		Selector: &metav1.LabelSelector{MatchLabels: p.Labels},
		Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: p.Labels}, Spec: p.Spec}}}
	all(t, ignore(k.Client.AppsV1().DaemonSets(namespace).Create(t.Context(), set, metav1.CreateOptions{})))
	pods(t, k, namespace, p, "DaemonSet", p.Name)
}

// pods makes pods of that owner: one on a node, and others that wait for one.
func pods(t *testing.T, k *rig.Cluster, namespace string, like *corev1.Pod, kind, owner string) {
	t.Helper()
	placed := like.DeepCopy()
	placed.Spec.NodeName = node
	placed.OwnerReferences = owned(kind, owner)
	all(t, ignore(k.Client.CoreV1().Pods(namespace).Create(t.Context(), placed, metav1.CreateOptions{})))
	for _, name := range used() {
		waiting := placed.DeepCopy()
		waiting.Name, waiting.Spec.NodeName = "pending-"+name, ""
		all(t, ignore(k.Client.CoreV1().Pods(namespace).Create(t.Context(), waiting, metav1.CreateOptions{})))
	}
}

// applications makes a ReplicaSet and a Job, and pods of them that go.
func applications(t *testing.T, k *rig.Cluster) {
	t.Helper()
	ctx, app := t.Context(), aPod("app", "", nil)
	set := &appsv1.ReplicaSet{ObjectMeta: metav1.ObjectMeta{Name: "app"}, Spec: appsv1.ReplicaSetSpec{
		Selector: &metav1.LabelSelector{MatchLabels: app.Labels},
		Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: app.Labels}, Spec: app.Spec}}}
	task := aPod("tidy", node, owned("Job", "tidy"))
	task.Spec.RestartPolicy, task.Finalizers = corev1.RestartPolicyNever, []string{batchv1.JobTrackingFinalizer}
	job := &batchv1.Job{ObjectMeta: metav1.ObjectMeta{Name: "tidy"}, Spec: batchv1.JobSpec{Template: corev1.PodTemplateSpec{Spec: task.Spec}}}
	all(t,
		ignore(k.Client.AppsV1().ReplicaSets(shop).Create(ctx, set, metav1.CreateOptions{})),
		ignore(k.Client.BatchV1().Jobs(shop).Create(ctx, job, metav1.CreateOptions{})),
		ignore(k.Client.CoreV1().Pods(shop).Create(ctx, task, metav1.CreateOptions{})))
	pods(t, k, shop, app, "ReplicaSet", "app")
	for _, name := range used() {
		for _, goes := range []string{"leaving-", "evicted-"} {
			all(t, ignore(k.Client.CoreV1().Pods(shop).Create(ctx, aPod(goes+name, node, owned("ReplicaSet", "app")), metav1.CreateOptions{})))
		}
	}
}

// volumes makes volumes, attachments of one, and the node's drivers.
func volumes(t *testing.T, k *rig.Cluster) {
	t.Helper()
	ctx := t.Context()
	volume := corev1.PersistentVolumeSpec{
		Capacity: corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("1Gi")}, AccessModes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce},
		PersistentVolumeSource: corev1.PersistentVolumeSource{CSI: &corev1.CSIPersistentVolumeSource{Driver: driver, VolumeHandle: "x"}}}
	for _, name := range []string{"pv", "freed"} {
		all(t, ignore(k.Client.CoreV1().PersistentVolumes().Create(ctx, &corev1.PersistentVolume{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: volume}, metav1.CreateOptions{})))
	}
	drivers := &storagev1.CSINode{ObjectMeta: metav1.ObjectMeta{Name: node}, Spec: storagev1.CSINodeSpec{Drivers: []storagev1.CSINodeDriver{}}}
	all(t, ignore(k.Client.StorageV1().CSINodes().Create(ctx, drivers, metav1.CreateOptions{})))
	for _, name := range used() {
		all(t, ignore(k.Client.StorageV1().VolumeAttachments().Create(ctx, attachment("detached-"+name), metav1.CreateOptions{})))
	}
}

func all(t *testing.T, errs ...error) {
	t.Helper()
	for _, err := range errs {
		if err != nil {
			t.Fatal(err)
		}
	}
}

func ignore[T any](_ T, err error) error { return err }

// owned is by a controller of that kind, which need not be there.
func owned(kind, name string) []metav1.OwnerReference {
	group := "apps/v1"
	if kind == "Job" {
		group = "batch/v1"
	}
	return []metav1.OwnerReference{{APIVersion: group, Kind: kind, Name: name, UID: "1", Controller: new(true)}}
}

func aPod(name, node string, owner []metav1.OwnerReference) *corev1.Pod {
	return &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{"app": "app"}, OwnerReferences: owner},
		Spec: corev1.PodSpec{NodeName: node, Containers: []corev1.Container{{Name: "app", Image: "app"}}}}
}

// plugin is a pod that gives its node a network.
func plugin(name string) *corev1.Pod {
	p := aPod(name, "", nil)
	p.Labels = map[string]string{"k8s-app": "cilium"}
	p.Spec.HostNetwork = true
	p.Spec.Volumes = []corev1.Volume{{Name: "cni", VolumeSource: corev1.VolumeSource{HostPath: &corev1.HostPathVolumeSource{Path: "/etc/cni/net.d"}}}}
	return p
}

const driver = "pd.csi.storage.gke.io"

func attachment(name string) *storagev1.VolumeAttachment {
	return &storagev1.VolumeAttachment{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: storagev1.VolumeAttachmentSpec{
		Attacher: driver, NodeName: node, Source: storagev1.VolumeAttachmentSource{PersistentVolumeName: new("pv")}}}
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
