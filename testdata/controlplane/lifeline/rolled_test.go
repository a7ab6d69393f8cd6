package lifeline

import (
	"context"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/gke-preflight/gke-preflight/gke/controlplane/rig"
)

const dns, hash = "kube-dns", "kube-dns-5d8c9f7b6"

// rolled makes what GKE's add-ons roll out: kube-dns with its ReplicaSet, a StatefulSet and
// revisions; and in vault pods that are ready under a budget, others that are orphaned, and
// a claim that waits for its pod.
func rolled(t *testing.T, k *rig.Cluster) {
	t.Helper()
	ctx := t.Context()
	pod := aPod(hash+"-x2kqn", node, owned("ReplicaSet", hash))
	pod.Labels = map[string]string{"k8s-app": dns, "pod-template-hash": "5d8c9f7b6"}
	state := aPod("state-0", node, owned("StatefulSet", "state"))
	all(t, ignore(k.Client.AppsV1().ReplicaSets(system).Create(ctx, aReplicaSet(hash), metav1.CreateOptions{})),
		ignore(k.Client.CoreV1().Pods(system).Create(ctx, pod, metav1.CreateOptions{})),
		ignore(k.Client.CoreV1().Pods(system).Create(ctx, state, metav1.CreateOptions{})))
	for _, name := range used() {
		all(t, ignore(k.Client.AppsV1().ControllerRevisions(system).Create(ctx, aRevision("again-"+name), metav1.CreateOptions{})))
	}
	underBudget(t, k)
	all(t, ignore(k.Client.CoreV1().PersistentVolumeClaims(vault).Create(ctx, aClaim("waiting"), metav1.CreateOptions{})))
}

// underBudget makes pods that a budget lets go, as the disruption controller has it.
func underBudget(t *testing.T, k *rig.Cluster) {
	t.Helper()
	ctx, budgets := t.Context(), k.Client.PolicyV1().PodDisruptionBudgets(vault)
	all(t, ignore(k.Client.AppsV1().ReplicaSets(vault).Create(ctx, aReplicaSet("seal"), metav1.CreateOptions{})))
	labels := map[string]string{"app": "seal"}
	for _, name := range used() {
		for _, goes := range []string{"counted-", "orphaned-"} {
			pod := aPod(goes+name, node, owned("ReplicaSet", "seal"))
			if goes == "counted-" {
				pod.Labels = labels
			}
			made, err := k.Client.CoreV1().Pods(vault).Create(ctx, pod, metav1.CreateOptions{})
			all(t, err)
			made.Status = corev1.PodStatus{Phase: corev1.PodRunning, Conditions: []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}}}
			all(t, ignore(k.Client.CoreV1().Pods(vault).UpdateStatus(ctx, made, metav1.UpdateOptions{})))
		}
	}
	budget, err := budgets.Create(ctx, &policyv1.PodDisruptionBudget{ObjectMeta: metav1.ObjectMeta{Name: "seal"},
		Spec: policyv1.PodDisruptionBudgetSpec{MinAvailable: new(intstr.FromInt32(1)), Selector: &metav1.LabelSelector{MatchLabels: labels}}}, metav1.CreateOptions{})
	all(t, err)
	pods := int32(len(used()))
	budget.Status = policyv1.PodDisruptionBudgetStatus{ObservedGeneration: budget.Generation, ExpectedPods: pods, CurrentHealthy: pods, DesiredHealthy: 1, DisruptionsAllowed: pods - 1}
	all(t, ignore(budgets.UpdateStatus(ctx, budget, metav1.UpdateOptions{})))
}

func aReplicaSet(name string) *appsv1.ReplicaSet {
	labels := map[string]string{"k8s-app": name}
	return &appsv1.ReplicaSet{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels}, Spec: appsv1.ReplicaSetSpec{
		Selector: &metav1.LabelSelector{MatchLabels: labels},
		Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: labels}, Spec: aPod(name, "", nil).Spec}}}
}

func aRevision(name string) *appsv1.ControllerRevision {
	return &appsv1.ControllerRevision{ObjectMeta: metav1.ObjectMeta{Name: name}, Data: runtime.RawExtension{Raw: []byte(`{"spec":{}}`)}, Revision: 1}
}

// rollsOut makes the ReplicaSet of a template that was changed.
func rollsOut(namespace string) operation {
	return func(ctx context.Context, k acting, name string) error {
		return ignore(k.Client.AppsV1().ReplicaSets(namespace).Create(ctx, aReplicaSet(dns+"-"+name), metav1.CreateOptions{}))
	}
}

func scales(namespace string) operation {
	return func(ctx context.Context, k acting, _ string) error {
		return ignore(k.Client.AppsV1().ReplicaSets(namespace).Patch(ctx, hash, types.StrategicMergePatchType, []byte(`{"spec":{"replicas":0}}`), metav1.PatchOptions{}))
	}
}

func notesRevision(namespace string) operation {
	return func(ctx context.Context, k acting, name string) error {
		return ignore(k.Client.AppsV1().ControllerRevisions(namespace).Create(ctx, aRevision("new-"+name), metav1.CreateOptions{}))
	}
}

func notesAgain(namespace string) operation {
	return func(ctx context.Context, k acting, name string) error {
		return ignore(k.Client.AppsV1().ControllerRevisions(namespace).Patch(ctx, "again-"+name, types.StrategicMergePatchType, []byte(`{"revision":2}`), metav1.PatchOptions{}))
	}
}

// evictsUnderBudget has the API server itself count the eviction.
func evictsUnderBudget(namespace string) operation {
	return func(ctx context.Context, k acting, name string) error {
		return k.Client.PolicyV1().Evictions(namespace).Evict(ctx, &policyv1.Eviction{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "counted-" + name}})
	}
}

func marksFailed(namespace string) operation {
	return func(ctx context.Context, k acting, name string) error {
		return ignore(k.Client.CoreV1().Pods(namespace).Patch(ctx, "orphaned-"+name, types.StrategicMergePatchType, []byte(`{"status":{"phase":"Failed"}}`), metav1.PatchOptions{}, "status"))
	}
}

// taints a node that is spare, as the cluster autoscaler does.
func taints(ctx context.Context, k acting, name string) error {
	return ignore(k.Client.CoreV1().Nodes().Patch(ctx, "old-"+second+"-2", types.StrategicMergePatchType,
		[]byte(`{"spec":{"taints":[{"key":"ToBeDeletedByClusterAutoscaler","value":"`+name+`","effect":"NoSchedule"}]}}`), metav1.PatchOptions{}))
}

// choosesNode notes where the claim's first pod is to be.
func choosesNode(namespace string) operation {
	return func(ctx context.Context, k acting, name string) error {
		c, err := k.Client.CoreV1().PersistentVolumeClaims(namespace).Get(ctx, "waiting", metav1.GetOptions{})
		if err != nil {
			return err
		}
		c.Annotations = map[string]string{"volume.kubernetes.io/selected-node": node, "try": name}
		return ignore(k.Client.CoreV1().PersistentVolumeClaims(namespace).Update(ctx, c, metav1.UpdateOptions{}))
	}
}
