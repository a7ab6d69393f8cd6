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
	backend  []facts.Pod
	groups   []facts.PodGroup
	proxies  []facts.KubeProxy
	details  []facts.PodDetail
	requests []facts.NodeRequest
	images   []facts.Image
	plugins  []facts.NetworkPlugin
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

func podDetails(_ context.Context, c *cluster) ([]facts.PodDetail, error) {
	read, err := c.pods()
	return read.details, err
}

func nodeRequests(_ context.Context, c *cluster) ([]facts.NodeRequest, error) {
	read, err := c.pods()
	return read.requests, err
}

func networkPlugins(_ context.Context, c *cluster) ([]facts.NetworkPlugin, error) {
	read, err := c.pods()
	return read.plugins, err
}

// readPods pages through all pods once: it keeps those of the backends'
// namespaces, and of all of them only their sums.
func readPods(ctx context.Context, c *cluster) (podsRead, error) {
	namespaces, err := backendNamespaces(c)
	inBackend := map[string]bool{}
	for _, n := range namespaces {
		inBackend[n] = err == nil
	}
	pools, where := poolsOf(c)
	volumes, err := c.volumes()
	if err != nil {
		volumes = nil
	}
	spaces, err := c.namespaces()
	if err != nil {
		spaces.gke = nil
	}
	alike := facts.NewSharing()
	query := lean(c.typed.CoreV1().RESTClient(), "pods", "", "PodList", leanPod, func() *corev1.PodList { return &corev1.PodList{} })
	return twice(func() (podsRead, error) {
		sums := newSums(pools, where, volumes, spaces.gke)
		proxies := proxyPods{pools: pools, seen: map[proxyKey]*facts.KubeProxy{}}
		backend, err := pages(ctx, c.reader, query, metav1.ListOptions{}, func(p *corev1.Pod) (facts.Pod, bool) {
			sums.add(p)
			proxies.add(p)
			if !inBackend[p.Namespace] {
				return facts.Pod{}, false
			}
			kept, ok := pod(p)
			alike.Pod(&kept)
			return kept, ok
		})
		if err != nil {
			return podsRead{}, err
		}
		return podsRead{inOrder(backend), sums.all(), proxies.all(), sums.allDetails(), sums.allRequests(), sums.allImages(), sums.allPlugins()}, nil
	})
}

// poolsOf maps nodes to their pools, and has the places that they are; nil where nodes
// could not be read.
func poolsOf(c *cluster) (map[string]string, *places) {
	nodes, err := c.nodes()
	if err != nil {
		return nil, nil
	}
	out := map[string]string{}
	for _, n := range nodes.all {
		out[n.Name] = n.Pool
	}
	return out, nodes.places
}

func localVolumes(_ context.Context, c *cluster) ([]string, error) {
	volumes, err := c.volumes()
	var claims []string
	for claim, kind := range volumes {
		if kind == onNode {
			claims = append(claims, claim)
		}
	}
	slices.Sort(claims)
	return claims, err
}

// onNode is the kind of a volume that is on one node alone.
const onNode = "local"

// readVolumes are the claims that are bound to volumes of the kinds that matter, as
// namespace/name: those on one node alone, and those that kubelets give up.
func readVolumes(ctx context.Context, c *cluster) (map[string]string, error) {
	claims := map[string]string{}
	_, err := list(ctx, c.reader, c.typed.CoreV1().PersistentVolumes().List, metav1.ListOptions{}, func(v *corev1.PersistentVolume) (struct{}, bool) {
		claim := v.Spec.ClaimRef
		switch {
		case claim == nil:
		case v.Spec.Local != nil, v.Spec.HostPath != nil:
			claims[claim.Namespace+"/"+claim.Name] = onNode
		case v.Spec.RBD != nil:
			claims[claim.Namespace+"/"+claim.Name] = rbd
		case v.Spec.CephFS != nil:
			claims[claim.Namespace+"/"+claim.Name] = cephfs
		}
		return struct{}{}, false
	})
	return claims, err
}
