package kube

import (
	"cmp"
	"context"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

func kubeProxies(_ context.Context, c *cluster) ([]facts.KubeProxy, error) {
	read, err := c.pods()
	return read.proxies, err
}

type proxyKey struct{ pool, version string }

// proxyPods are the pods of kube-proxy seen so far. On GKE each kubelet runs its
// own from a file; elsewhere a DaemonSet makes them.
type proxyPods struct {
	pools map[string]string
	seen  map[proxyKey]*facts.KubeProxy
}

func (s proxyPods) add(p *corev1.Pod) {
	if p.Namespace != "kube-system" || p.Labels["component"] != "kube-proxy" && p.Labels["k8s-app"] != "kube-proxy" {
		return
	}
	i := slices.IndexFunc(p.Spec.Containers, func(c corev1.Container) bool { return c.Name == "kube-proxy" })
	if i < 0 {
		return
	}
	key := proxyKey{s.pools[p.Spec.NodeName], imageTag(p.Spec.Containers[i].Image)}
	k := s.seen[key]
	if k == nil {
		k = &facts.KubeProxy{Pool: key.pool, Version: key.version, Node: p.Spec.NodeName}
		s.seen[key] = k
	}
	k.Pods++
	k.Node = min(k.Node, p.Spec.NodeName)
}

func (s proxyPods) all() []facts.KubeProxy {
	out := make([]facts.KubeProxy, 0, len(s.seen))
	for _, k := range s.seen {
		out = append(out, *k)
	}
	slices.SortFunc(out, func(a, b facts.KubeProxy) int {
		return cmp.Or(strings.Compare(a.Pool, b.Pool), strings.Compare(a.Version, b.Version))
	})
	return out
}

// imageTag is empty for an image without one.
func imageTag(image string) string {
	image, _, _ = strings.Cut(image, "@")
	_, tag, _ := strings.Cut(image[strings.LastIndex(image, "/")+1:], ":")
	return tag
}
