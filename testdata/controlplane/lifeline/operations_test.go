package lifeline

import (
	"context"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/dynamic"
)

func deletes(namespace string) func(context.Context, acting) error {
	return func(ctx context.Context, k acting) error {
		return k.Client.CoreV1().Pods(namespace).Delete(ctx, "leaving", metav1.DeleteOptions{GracePeriodSeconds: new(int64(0))})
	}
}

func creates(namespace string) func(context.Context, acting) error {
	return func(ctx context.Context, k acting) error {
		return ignore(k.Client.CoreV1().Pods(namespace).Create(ctx, aPod("again", "", nil), metav1.CreateOptions{}))
	}
}

func binds(namespace string) func(context.Context, acting) error {
	return func(ctx context.Context, k acting) error {
		b := &corev1.Binding{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "pending"}, Target: corev1.ObjectReference{Kind: "Node", Name: node}}
		return k.Client.CoreV1().Pods(namespace).Bind(ctx, b, metav1.CreateOptions{})
	}
}

func reports(namespace string) func(context.Context, acting) error {
	return func(ctx context.Context, k acting) error {
		p, err := k.Client.CoreV1().Pods(namespace).Get(ctx, "app", metav1.GetOptions{})
		if err != nil {
			return err
		}
		p.Status.Phase = corev1.PodRunning
		return ignore(k.Client.CoreV1().Pods(namespace).UpdateStatus(ctx, p, metav1.UpdateOptions{}))
	}
}

func asksToken(namespace string) func(context.Context, acting) error {
	return func(ctx context.Context, k acting) error {
		return ignore(k.Client.CoreV1().ServiceAccounts(namespace).CreateToken(ctx, "default", &authenticationv1.TokenRequest{}, metav1.CreateOptions{}))
	}
}

func counts(namespace string) func(context.Context, acting) error {
	return func(ctx context.Context, k acting) error {
		r, err := k.Client.AppsV1().ReplicaSets(namespace).Get(ctx, "app", metav1.GetOptions{})
		if err != nil {
			return err
		}
		r.Status.Replicas = 1
		return ignore(k.Client.AppsV1().ReplicaSets(namespace).UpdateStatus(ctx, r, metav1.UpdateOptions{}))
	}
}

func attachesDriver(ctx context.Context, k acting) error {
	n := &storagev1.CSINode{ObjectMeta: metav1.ObjectMeta{Name: node}, Spec: storagev1.CSINodeSpec{Drivers: []storagev1.CSINodeDriver{}}}
	return ignore(k.Client.StorageV1().CSINodes().Create(ctx, n, metav1.CreateOptions{}))
}

func attaches(ctx context.Context, k acting) error {
	volume := "pv"
	a := &storagev1.VolumeAttachment{ObjectMeta: metav1.ObjectMeta{Name: "csi-1"}, Spec: storagev1.VolumeAttachmentSpec{Attacher: "pd.csi.storage.gke.io", NodeName: node, Source: storagev1.VolumeAttachmentSource{PersistentVolumeName: &volume}}}
	return ignore(k.Client.StorageV1().VolumeAttachments().Create(ctx, a, metav1.CreateOptions{}))
}

func updatesVolume(ctx context.Context, k acting) error {
	v, err := k.Client.CoreV1().PersistentVolumes().Get(ctx, "pv", metav1.GetOptions{})
	if err != nil {
		return err
	}
	v.Labels = map[string]string{"bound": "true"}
	return ignore(k.Client.CoreV1().PersistentVolumes().Update(ctx, v, metav1.UpdateOptions{}))
}

func updatesDefinition(ctx context.Context, k acting) error {
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
