package kube

import (
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// networkConfiguration is where a container runtime finds out how to give pods their
// network (github.com/containernetworking/cni libcni; containerd's conf_dir).
const networkConfiguration = "/etc/cni/net.d"

// additions reach into the same directory and add to a network that is there: a node is
// ready without them (istio.io/docs/setup/additional-setup/cni, linkerd.io/2/features/cni,
// github.com/k8snetworkplumbingwg/multus-cni).
var additions = []string{"istio-cni", "linkerd-cni", "multus"}

func (s *sums) allPlugins() []facts.NetworkPlugin { return byKey(s.plugins, groupName.compare) }

// addPlugin adds the DaemonSet of p if its pods give a node its network. A pod that itself
// waits for the node's network can't.
func (s *sums) addPlugin(key groupName, p *corev1.Pod) {
	if s.plugins[key] != nil || !p.Spec.HostNetwork || !slices.ContainsFunc(p.Spec.Volumes, ofNetwork) {
		return
	}
	if !slices.ContainsFunc(additions, func(a string) bool { return strings.Contains(key.name, a) }) {
		s.plugins[key] = &facts.NetworkPlugin{Namespace: key.namespace, Name: key.name}
	}
}

func ofNetwork(v corev1.Volume) bool {
	return v.HostPath != nil && strings.TrimSuffix(v.HostPath.Path, "/") == networkConfiguration
}
