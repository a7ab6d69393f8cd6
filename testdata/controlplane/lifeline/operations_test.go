package lifeline

import (
	"cmp"
	"context"
	"strings"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
)

type operation = func(context.Context, acting, string) error

func evicts(namespace string) operation {
	return func(ctx context.Context, k acting, name string) error {
		return k.Client.PolicyV1().Evictions(namespace).Evict(ctx, &policyv1.Eviction{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "evicted-" + name}})
	}
}

func deletes(namespace string) operation {
	return func(ctx context.Context, k acting, name string) error {
		return k.Client.CoreV1().Pods(namespace).Delete(ctx, "leaving-"+name, metav1.DeleteOptions{GracePeriodSeconds: new(int64(0))})
	}
}

func creates(namespace string) operation {
	return func(ctx context.Context, k acting, name string) error {
		return ignore(k.Client.CoreV1().Pods(namespace).Create(ctx, aPod("again-"+name, "", nil), metav1.CreateOptions{}))
	}
}

// makesPlugin makes the pod that gives the new node its network, and asks the scheduler for
// that node as the DaemonSet's controller does.
func makesPlugin(namespace string) operation {
	return func(ctx context.Context, k acting, name string) error {
		p := plugin("again-" + name)
		p.Spec.Affinity = &corev1.Affinity{NodeAffinity: &corev1.NodeAffinity{RequiredDuringSchedulingIgnoredDuringExecution: &corev1.NodeSelector{
			NodeSelectorTerms: []corev1.NodeSelectorTerm{{MatchFields: []corev1.NodeSelectorRequirement{{Key: "metadata.name", Operator: corev1.NodeSelectorOpIn, Values: []string{newNode}}}}}}}}
		return ignore(k.Client.CoreV1().Pods(namespace).Create(ctx, p, metav1.CreateOptions{}))
	}
}

func binds(namespace string) operation {
	return func(ctx context.Context, k acting, name string) error {
		b := &corev1.Binding{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "pending-" + name}, Target: corev1.ObjectReference{Kind: "Node", Name: node}}
		return k.Client.CoreV1().Pods(namespace).Bind(ctx, b, metav1.CreateOptions{})
	}
}

func reports(namespace string) operation {
	return func(ctx context.Context, k acting, _ string) error {
		p, err := k.Client.CoreV1().Pods(namespace).Get(ctx, "app", metav1.GetOptions{})
		if err != nil {
			return err
		}
		p.Status.Phase = corev1.PodRunning
		return ignore(k.Client.CoreV1().Pods(namespace).UpdateStatus(ctx, p, metav1.UpdateOptions{}))
	}
}

func asksToken(namespace, account string) operation {
	return func(ctx context.Context, k acting, _ string) error {
		return ignore(k.Client.CoreV1().ServiceAccounts(namespace).CreateToken(ctx, account, &authenticationv1.TokenRequest{}, metav1.CreateOptions{}))
	}
}

func countsReplicas(namespace string) operation {
	return func(ctx context.Context, k acting, _ string) error {
		r, err := k.Client.AppsV1().ReplicaSets(namespace).Get(ctx, "app", metav1.GetOptions{})
		if err != nil {
			return err
		}
		r.Status.Replicas++
		return ignore(k.Client.AppsV1().ReplicaSets(namespace).UpdateStatus(ctx, r, metav1.UpdateOptions{}))
	}
}

func countsActive(namespace string) operation {
	return func(ctx context.Context, k acting, _ string) error {
		j, err := k.Client.BatchV1().Jobs(namespace).Get(ctx, "tidy", metav1.GetOptions{})
		if err != nil {
			return err
		}
		j.Status.Active++
		j.Status.StartTime = &j.CreationTimestamp
		return ignore(k.Client.BatchV1().Jobs(namespace).UpdateStatus(ctx, j, metav1.UpdateOptions{}))
	}
}

// registersDrivers is done by a new node, which then goes again.
func registersDrivers(ctx context.Context, k acting, _ string) error {
	n := &storagev1.CSINode{ObjectMeta: metav1.ObjectMeta{Name: newNode}, Spec: storagev1.CSINodeSpec{Drivers: []storagev1.CSINodeDriver{}}}
	if _, err := k.Client.StorageV1().CSINodes().Create(ctx, n, metav1.CreateOptions{}); err != nil {
		return err
	}
	return k.Client.StorageV1().CSINodes().Delete(ctx, newNode, metav1.DeleteOptions{})
}

func addsDriver(ctx context.Context, k acting, name string) error {
	n, err := k.Client.StorageV1().CSINodes().Get(ctx, node, metav1.GetOptions{})
	if err != nil {
		return err
	}
	n.Spec.Drivers = append(n.Spec.Drivers, storagev1.CSINodeDriver{Name: name + "." + driver, NodeID: node})
	return ignore(k.Client.StorageV1().CSINodes().Update(ctx, n, metav1.UpdateOptions{}))
}

func attaches(ctx context.Context, k acting, name string) error {
	return ignore(k.Client.StorageV1().VolumeAttachments().Create(ctx, attachment("attached-"+name), metav1.CreateOptions{}))
}

func detaches(ctx context.Context, k acting, name string) error {
	return k.Client.StorageV1().VolumeAttachments().Delete(ctx, "detached-"+name, metav1.DeleteOptions{})
}

func tellsOfAttachment(ctx context.Context, k acting, name string) error {
	told := `{"status":{"volumesAttached":[{"name":"kubernetes.io/csi/` + name + `","devicePath":""}]}}`
	return ignore(k.Client.CoreV1().Nodes().Patch(ctx, node, types.MergePatchType, []byte(told), metav1.PatchOptions{}, "status"))
}

func updatesVolume(ctx context.Context, k acting, name string) error {
	return ignore(k.Client.CoreV1().PersistentVolumes().Patch(ctx, "pv", types.MergePatchType, []byte(`{"metadata":{"labels":{"bound":"`+name+`"}}}`), metav1.PatchOptions{}))
}

func freesVolume(ctx context.Context, k acting, _ string) error {
	v, err := k.Client.CoreV1().PersistentVolumes().Get(ctx, "freed", metav1.GetOptions{})
	if err != nil {
		return err
	}
	v.Status.Phase = corev1.VolumeReleased
	return ignore(k.Client.CoreV1().PersistentVolumes().UpdateStatus(ctx, v, metav1.UpdateOptions{}))
}

func updatesDefinition(ctx context.Context, k acting, name string) error {
	dyn, err := dynamic.NewForConfig(k.Config)
	if err != nil {
		return err
	}
	d, err := dyn.Resource(definitions).Get(ctx, definition().GetName(), metav1.GetOptions{})
	if err != nil {
		return err
	}
	d.SetLabels(map[string]string{"addonmanager.kubernetes.io/mode": "Reconcile", "bundle": name})
	return ignore(dyn.Resource(definitions).Update(ctx, d, metav1.UpdateOptions{}))
}

// createsDefinition makes one that comes with a new version.
func createsDefinition(ctx context.Context, k acting, name string) error {
	dyn, err := dynamic.NewForConfig(k.Config)
	if err != nil {
		return err
	}
	plural, d := strings.ReplaceAll(name, "-", ""), definition()
	d.SetName(plural + ".new.gke.io")
	err = cmp.Or(
		unstructured.SetNestedField(d.Object, "new.gke.io", "spec", "group"),
		unstructured.SetNestedMap(d.Object, map[string]any{"plural": plural, "singular": plural, "kind": "Kind" + plural}, "spec", "names"))
	if err != nil {
		return err
	}
	return ignore(dyn.Resource(definitions).Create(ctx, d, metav1.CreateOptions{}))
}
