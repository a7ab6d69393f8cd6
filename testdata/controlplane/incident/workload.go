package incident

import (
	"context"
	"encoding/json"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// A workload is a Deployment behind a Service of the same name.
type workload struct {
	namespace, name string
	replicas        int32
}

var workloads = [...]workload{
	{metav1.NamespaceSystem, "kube-dns", 2},
	{metav1.NamespaceSystem, "metrics-server", 1},
	{"shop", "frontend", 3},
	{"shop", "cart", 2},
	{"payments", "ledger", 2},
}

// replicaSet and pod are names as controllers would give them: none run here.
func (w workload) replicaSet() string { return w.name + "-6b7f9c5d48" }

func (w workload) pod() string { return w.replicaSet() + "-x2kqn" }

func (w workload) labels() map[string]string { return map[string]string{"app": w.name} }

func (w workload) template() corev1.PodTemplateSpec {
	return corev1.PodTemplateSpec{
		ObjectMeta: metav1.ObjectMeta{Labels: w.labels()},
		Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: w.name, Image: w.name + ":rig"}}},
	}
}

// deploy creates the namespace, the Service and a Deployment with all replicas
// ready. What exists is left as it is.
func (s *Scene) deploy(ctx context.Context, w workload) error {
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: w.namespace}}
	if _, err := s.Client.CoreV1().Namespaces().Create(ctx, namespace, metav1.CreateOptions{}); err != nil && !apierrors.IsAlreadyExists(err) {
		return err
	}
	meta := metav1.ObjectMeta{Namespace: w.namespace, Name: w.name, Labels: w.labels()}
	service := &corev1.Service{ObjectMeta: meta, Spec: corev1.ServiceSpec{Selector: w.labels(), Ports: []corev1.ServicePort{{Port: 80}}}}
	if _, err := s.Client.CoreV1().Services(w.namespace).Create(ctx, service, metav1.CreateOptions{}); err != nil && !apierrors.IsAlreadyExists(err) {
		return err
	}
	deployments := s.Client.AppsV1().Deployments(w.namespace)
	d, err := deployments.Create(ctx, &appsv1.Deployment{
		ObjectMeta: meta,
		Spec:       appsv1.DeploymentSpec{Replicas: &w.replicas, Selector: &metav1.LabelSelector{MatchLabels: w.labels()}, Template: w.template()},
	}, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	d.Status = appsv1.DeploymentStatus{
		ObservedGeneration: d.Generation, Replicas: w.replicas, UpdatedReplicas: w.replicas, ReadyReplicas: w.replicas, AvailableReplicas: w.replicas,
	}
	_, err = deployments.UpdateStatus(ctx, d, metav1.UpdateOptions{})
	return err
}

// own makes the Pods those of a ReplicaSet.
func (s *Scene) own(ctx context.Context, w workload, pods ...string) error {
	set, err := s.Client.AppsV1().ReplicaSets(w.namespace).Create(ctx, &appsv1.ReplicaSet{
		ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: w.replicaSet(), Labels: w.labels()},
		Spec:       appsv1.ReplicaSetSpec{Replicas: &w.replicas, Selector: &metav1.LabelSelector{MatchLabels: w.labels()}, Template: w.template()},
	}, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	owner := *metav1.NewControllerRef(set, appsv1.SchemeGroupVersion.WithKind("ReplicaSet"))
	patch, err := json.Marshal(map[string]any{"metadata": map[string]any{"ownerReferences": []metav1.OwnerReference{owner}}})
	if err != nil {
		return err
	}
	for _, name := range pods {
		if _, err := s.Client.CoreV1().Pods(w.namespace).Patch(ctx, name, types.MergePatchType, patch, metav1.PatchOptions{}); err != nil {
			return err
		}
	}
	return nil
}

// connect has the control plane's calls enter the cluster as on GKE: through an agent
// in each zone.
func (s *Scene) connect(ctx context.Context) error {
	w := workload{metav1.NamespaceSystem, "konnectivity-agent", 3}
	if err := s.deploy(ctx, w); err != nil {
		return err
	}
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: "default"}}
	if _, err := s.Client.CoreV1().ServiceAccounts(w.namespace).Create(ctx, account, metav1.CreateOptions{}); err != nil {
		return err
	}
	nodes, err := s.nodes(ctx)
	if err != nil {
		return err
	}
	var pods []string
	for _, n := range nodes {
		name, err := s.agent(ctx, w, n)
		if err != nil {
			return err
		}
		pods = append(pods, name)
	}
	return s.own(ctx, w, pods...)
}

// agent makes a Pod of konnectivity's that is ready on the node, and returns its name.
func (s *Scene) agent(ctx context.Context, w workload, node string) (string, error) {
	template := w.template()
	template.Spec.NodeName = node
	pods := s.Client.CoreV1().Pods(w.namespace)
	pod, err := pods.Create(ctx, &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{GenerateName: w.replicaSet() + "-", Labels: map[string]string{"k8s-app": w.name}}, Spec: template.Spec,
	}, metav1.CreateOptions{})
	if err != nil {
		return "", err
	}
	pod.Status.Phase = corev1.PodRunning
	pod.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}}
	_, err = pods.UpdateStatus(ctx, pod, metav1.UpdateOptions{})
	return pod.Name, err
}
