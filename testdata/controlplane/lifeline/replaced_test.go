package lifeline

import (
	"context"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/gke-preflight/gke-preflight/gke/controlplane/rig"
)

// replaced makes what goes with nodes that are replaced: those nodes, a budget of no pods,
// claims, a volume that is moved, and a StatefulSet with its pod; and what else rolls out.
func replaced(t *testing.T, k *rig.Cluster) {
	t.Helper()
	ctx := t.Context()
	var old []string
	for _, name := range used() {
		old = append(old, "old-"+name)
	}
	none := &metav1.LabelSelector{MatchLabels: map[string]string{"app": "none"}}
	budget := &policyv1.PodDisruptionBudget{ObjectMeta: metav1.ObjectMeta{Name: "none"}, Spec: policyv1.PodDisruptionBudgetSpec{MaxUnavailable: new(intstr.FromInt32(1)), Selector: none}}
	pod := aPod("db-0", node, owned("StatefulSet", "db"))
	set := &appsv1.StatefulSet{ObjectMeta: metav1.ObjectMeta{Name: "db"}, Spec: appsv1.StatefulSetSpec{
		Selector: &metav1.LabelSelector{MatchLabels: pod.Labels}, Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: pod.Labels}, Spec: aPod("db", "", nil).Spec}}}
	all(t, k.AddNodes(ctx, rig.NodePool{Names: old}),
		ignore(k.Client.PolicyV1().PodDisruptionBudgets(shop).Create(ctx, budget, metav1.CreateOptions{})),
		ignore(k.Client.StorageV1().VolumeAttachments().Create(ctx, attachment("moved"), metav1.CreateOptions{})),
		ignore(k.Client.AppsV1().StatefulSets(shop).Create(ctx, set, metav1.CreateOptions{})),
		ignore(k.Client.CoreV1().Pods(shop).Create(ctx, pod, metav1.CreateOptions{})),
		ignore(k.Client.CoreV1().ServiceAccounts(gmp).Create(ctx, &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: "collector"}}, metav1.CreateOptions{})))
	rolled(t, k)
	for _, name := range []string{"bound", "marked"} {
		all(t, ignore(k.Client.CoreV1().PersistentVolumeClaims(shop).Create(ctx, aClaim(name), metav1.CreateOptions{})))
	}
}

func aClaim(name string) *corev1.PersistentVolumeClaim {
	return &corev1.PersistentVolumeClaim{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: corev1.PersistentVolumeClaimSpec{
		AccessModes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce}, StorageClassName: new(""),
		Resources: corev1.VolumeResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("1Gi")}}}}
}

// cordons as kubectl does.
func cordons(ctx context.Context, k acting, _ string) error {
	return ignore(k.Client.CoreV1().Nodes().Patch(ctx, node, types.StrategicMergePatchType, []byte(`{"spec":{"unschedulable":true}}`), metav1.PatchOptions{}))
}

func deletesNode(ctx context.Context, k acting, name string) error {
	return k.Client.CoreV1().Nodes().Delete(ctx, "old-"+name, metav1.DeleteOptions{})
}

func countsHealthy(namespace string) operation {
	return func(ctx context.Context, k acting, _ string) error {
		b, err := k.Client.PolicyV1().PodDisruptionBudgets(namespace).Get(ctx, "none", metav1.GetOptions{})
		if err != nil {
			return err
		}
		b.Status.ObservedGeneration = b.Generation
		b.Status.CurrentHealthy++
		return ignore(k.Client.PolicyV1().PodDisruptionBudgets(namespace).UpdateStatus(ctx, b, metav1.UpdateOptions{}))
	}
}

// keepsAttachment has it stay until the volume is detached.
func keepsAttachment(ctx context.Context, k acting, _ string) error {
	return ignore(k.Client.StorageV1().VolumeAttachments().Patch(ctx, "moved", types.MergePatchType, []byte(`{"metadata":{"finalizers":["external-attacher/pd-csi-storage-gke-io"]}}`), metav1.PatchOptions{}))
}

func marksAttached(ctx context.Context, k acting, _ string) error {
	return ignore(k.Client.StorageV1().VolumeAttachments().Patch(ctx, "moved", types.MergePatchType, []byte(`{"status":{"attached":true}}`), metav1.PatchOptions{}, "status"))
}

func bindsClaim(namespace string) operation {
	return func(ctx context.Context, k acting, _ string) error {
		c, err := k.Client.CoreV1().PersistentVolumeClaims(namespace).Get(ctx, "bound", metav1.GetOptions{})
		if err != nil {
			return err
		}
		c.Spec.VolumeName = "pv"
		return ignore(k.Client.CoreV1().PersistentVolumeClaims(namespace).Update(ctx, c, metav1.UpdateOptions{}))
	}
}

func marksBound(namespace string) operation {
	return func(ctx context.Context, k acting, _ string) error {
		c, err := k.Client.CoreV1().PersistentVolumeClaims(namespace).Get(ctx, "marked", metav1.GetOptions{})
		if err != nil {
			return err
		}
		c.Status.Phase = corev1.ClaimBound
		return ignore(k.Client.CoreV1().PersistentVolumeClaims(namespace).UpdateStatus(ctx, c, metav1.UpdateOptions{}))
	}
}

func countsOrdinals(namespace string) operation {
	return func(ctx context.Context, k acting, _ string) error {
		s, err := k.Client.AppsV1().StatefulSets(namespace).Get(ctx, "db", metav1.GetOptions{})
		if err != nil {
			return err
		}
		s.Status.Replicas++
		return ignore(k.Client.AppsV1().StatefulSets(namespace).UpdateStatus(ctx, s, metav1.UpdateOptions{}))
	}
}

// countsEnded lets a pod go that its Job has counted.
func countsEnded(namespace string) operation {
	return func(ctx context.Context, k acting, _ string) error {
		return ignore(k.Client.CoreV1().Pods(namespace).Patch(ctx, "tidy", types.StrategicMergePatchType, []byte(`{"metadata":{"$deleteFromPrimitiveList/finalizers":["batch.kubernetes.io/job-tracking"]}}`), metav1.PatchOptions{}))
	}
}
