package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/gke-preflight/gke-preflight/gke/controlplane"
)

// firstPodHost is the last byte of the first Pod's address.
const firstPodHost = 100

// start makes the Pod that the program's Deployment would have, starts the program as
// that Pod's only container, and leads the Services that select it there. It acts as an
// administrator: nobody aggregates ClusterRoles here.
func (s *stage) start(ctx context.Context, n int, p program, path string) error {
	pod, err := s.pod(ctx, n, p.deployment)
	if err != nil {
		return err
	}
	container := pod.Spec.Containers[0]
	certificates, err := s.secrets(ctx, pod)
	if err != nil {
		return err
	}
	env := environment(container, pod, s.Kubeconfig)
	var args []string
	for name, value := range env {
		args = append(args, name+"="+value)
	}
	args = append(append(args, path), p.arguments(container, env, s.Kubeconfig, certificates)...)
	running, err := controlplane.StartProcess(p.deployment, s.File(p.deployment+".log"), "env", args...)
	if err != nil {
		return err
	}
	s.OnStop(running.Stop)
	s.running = append(s.running, running)
	return s.lead(ctx, pod)
}

func (s *stage) pod(ctx context.Context, n int, deployment string) (*corev1.Pod, error) {
	d, err := s.Client.AppsV1().Deployments(s.namespace).Get(ctx, deployment, metav1.GetOptions{})
	if err != nil {
		return nil, err
	}
	nodes, err := s.Client.CoreV1().Nodes().List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, err
	}
	pods := s.Client.CoreV1().Pods(s.namespace)
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: deployment + "-0", Labels: d.Spec.Template.Labels}, Spec: d.Spec.Template.Spec}
	pod.Spec.NodeName = nodes.Items[0].Name
	if pod, err = pods.Create(ctx, pod, metav1.CreateOptions{}); err != nil {
		return nil, err
	}
	address, now := s.Address(byte(firstPodHost+n)).String(), metav1.Now()
	pod.Status = corev1.PodStatus{
		Phase: corev1.PodRunning, PodIP: address, PodIPs: []corev1.PodIP{{IP: address}}, StartTime: &now,
		Conditions: []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue, LastTransitionTime: now}},
	}
	return pods.UpdateStatus(ctx, pod, metav1.UpdateOptions{})
}

// lead makes an EndpointSlice with the Pod for each Service that selects it.
func (s *stage) lead(ctx context.Context, pod *corev1.Pod) error {
	services, err := s.Client.CoreV1().Services(s.namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	yes := true
	for _, v := range services.Items {
		if len(v.Spec.Selector) == 0 || !labels.SelectorFromSet(v.Spec.Selector).Matches(labels.Set(pod.Labels)) {
			continue
		}
		slice := &discoveryv1.EndpointSlice{
			ObjectMeta:  metav1.ObjectMeta{Name: v.Name + "-" + pod.Name, Labels: map[string]string{discoveryv1.LabelServiceName: v.Name}},
			AddressType: discoveryv1.AddressTypeIPv4,
			Endpoints: []discoveryv1.Endpoint{{
				Addresses: []string{pod.Status.PodIP}, Conditions: discoveryv1.EndpointConditions{Ready: &yes, Serving: &yes}, NodeName: &pod.Spec.NodeName,
				TargetRef: &corev1.ObjectReference{Kind: "Pod", Namespace: pod.Namespace, Name: pod.Name},
			}},
		}
		for _, port := range v.Spec.Ports {
			if number := numberOf(port.TargetPort, pod.Spec.Containers[0]); number != 0 {
				slice.Ports = append(slice.Ports, discoveryv1.EndpointPort{Name: &port.Name, Port: &number, Protocol: &port.Protocol})
			}
		}
		if _, err := s.Client.DiscoveryV1().EndpointSlices(s.namespace).Create(ctx, slice, metav1.CreateOptions{}); err != nil {
			return err
		}
	}
	return nil
}

// numberOf is the port of the container; zero where it has none of that name.
func numberOf(port intstr.IntOrString, c corev1.Container) int32 {
	if port.Type == intstr.Int {
		return port.IntVal
	}
	for _, p := range c.Ports {
		if p.Name == port.StrVal {
			return p.ContainerPort
		}
	}
	return 0
}

// secrets keeps what a kubelet would mount of the Pod's first Secret in a directory, from
// now on; empty where the Pod mounts none.
func (s *stage) secrets(ctx context.Context, pod *corev1.Pod) (string, error) {
	for _, v := range pod.Spec.Volumes {
		if v.Secret == nil {
			continue
		}
		dir := s.File(v.Secret.SecretName)
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return "", err
		}
		ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
		s.OnStop(cancel)
		go s.mount(ctx, v.Secret.SecretName, dir)
		return dir, nil
	}
	return "", nil
}

func (s *stage) mount(ctx context.Context, name, dir string) {
	for controlplane.Pause(ctx, 500*time.Millisecond) == nil {
		secret, err := s.Client.CoreV1().Secrets(s.namespace).Get(ctx, name, metav1.GetOptions{})
		if apierrors.IsNotFound(err) || ctx.Err() != nil {
			continue
		}
		if err == nil {
			err = write(dir, secret.Data)
		}
		if err != nil {
			fmt.Fprintf(os.Stderr, "record: the Secret %s: %v\n", name, err)
		}
	}
}

// write writes the files that are not there yet as they should be.
func write(dir string, files map[string][]byte) error {
	for name, content := range files {
		file := filepath.Join(dir, name)
		if old, err := os.ReadFile(file); err == nil && string(old) == string(content) {
			continue
		}
		if err := os.WriteFile(file, content, 0o600); err != nil {
			return err
		}
	}
	return nil
}
