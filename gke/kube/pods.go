package kube

import (
	"context"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// podsRead is what one pass over all pods gives.
type podsRead struct {
	backend []facts.Pod
	groups  []facts.PodGroup
	proxies []facts.KubeProxy
}

func backendPods(_ context.Context, c *cluster) ([]facts.Pod, error) {
	if _, err := backendNamespaces(c); err != nil {
		return nil, err
	}
	read, err := c.pods()
	return read.backend, err
}

func podGroups(_ context.Context, c *cluster) ([]facts.PodGroup, error) {
	read, err := c.pods()
	return read.groups, err
}

// readPods pages through all pods once: it keeps those of the backends'
// namespaces, and of all of them only their sums.
func readPods(ctx context.Context, c *cluster) (podsRead, error) {
	namespaces, err := backendNamespaces(c)
	inBackend := map[string]bool{}
	for _, n := range namespaces {
		inBackend[n] = err == nil
	}
	pools := poolsOf(c)
	local := map[string]bool{}
	if claims, err := c.localVolumes(); err == nil {
		for _, name := range claims {
			local[name] = true
		}
	}
	alike := newSharing()
	return twice(func() (podsRead, error) {
		sums := newSums(pools, local)
		proxies := proxyPods{pools: pools, seen: map[proxyKey]*facts.KubeProxy{}}
		backend, err := pages(ctx, c.reader, c.typed.CoreV1().Pods("").List, metav1.ListOptions{}, func(p *corev1.Pod) (facts.Pod, bool) {
			sums.add(p)
			proxies.add(p)
			if !inBackend[p.Namespace] {
				return facts.Pod{}, false
			}
			kept, ok := pod(p)
			alike.pod(&kept)
			return kept, ok
		})
		if err != nil {
			return podsRead{}, err
		}
		return podsRead{inOrder(backend), sums.all(), proxies.all()}, nil
	})
}

// poolsOf maps nodes to their pools; nil where nodes could not be read.
func poolsOf(c *cluster) map[string]string {
	nodes, err := c.nodes()
	if err != nil {
		return nil
	}
	out := map[string]string{}
	for _, n := range nodes {
		out[n.Name] = n.Pool
	}
	return out
}

func localVolumes(ctx context.Context, c *cluster) ([]string, error) {
	claims, err := list(ctx, c.reader, c.typed.CoreV1().PersistentVolumes().List, metav1.ListOptions{}, func(v *corev1.PersistentVolume) (string, bool) {
		claim := v.Spec.ClaimRef
		if claim == nil || v.Spec.Local == nil && v.Spec.HostPath == nil {
			return "", false
		}
		return claim.Namespace + "/" + claim.Name, true
	})
	slices.Sort(claims)
	return claims, err
}
