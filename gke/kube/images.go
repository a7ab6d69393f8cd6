package kube

import (
	"cmp"
	"context"
	"strings"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

type imageOf struct {
	image  string
	keeper facts.Keeper
}

func (i imageOf) compare(other imageOf) int {
	return cmp.Or(strings.Compare(i.image, other.image), cmp.Compare(i.keeper, other.keeper))
}

func (s *sums) allImages() []facts.Image { return byKey(s.images, imageOf.compare) }

// addImages adds the images of the containers that run while the pod does.
func (s *sums) addImages(key groupName, g *facts.PodGroup, p *corev1.Pod) {
	for n := range p.Spec.Containers {
		if image := p.Spec.Containers[n].Image; !among(p.Spec.Containers[:n], image) {
			s.addImage(key, g, p, image)
		}
	}
	for n := range p.Spec.InitContainers {
		c := &p.Spec.InitContainers[n]
		sidecar := c.RestartPolicy != nil && *c.RestartPolicy == corev1.ContainerRestartPolicyAlways
		if sidecar && !among(p.Spec.Containers, c.Image) && !among(p.Spec.InitContainers[:n], c.Image) {
			s.addImage(key, g, p, c.Image)
		}
	}
}

// among reports whether one of the containers is of the image: a pod counts once.
func among(containers []corev1.Container, image string) bool {
	for n := range containers {
		if containers[n].Image == image {
			return true
		}
	}
	return false
}

func (s *sums) addImage(key groupName, g *facts.PodGroup, p *corev1.Pod, image string) {
	at := imageOf{image, g.Keeper}
	i := s.images[at]
	if i == nil {
		i = &facts.Image{Image: image, Keeper: g.Keeper, Namespace: key.namespace, Kind: key.kind, Name: key.name}
		s.images[at] = i
	}
	i.Pods++
	if key.compare(groupName{i.Namespace, i.Kind, i.Name}) < 0 {
		i.Namespace, i.Kind, i.Name = key.namespace, key.kind, key.name
	}
	if s.pools != nil {
		if i.Pools == nil {
			i.Pools = map[string]int32{}
		}
		i.Pools[s.pools[p.Spec.NodeName]]++
	}
}

func images(_ context.Context, c *cluster) ([]facts.Image, error) {
	read, err := c.pods()
	return read.images, err
}

func ingressClasses(ctx context.Context, c *cluster) ([]facts.IngressClass, error) {
	return list(ctx, c.reader, c.typed.NetworkingV1().IngressClasses().List, metav1.ListOptions{}, func(i *networkingv1.IngressClass) (facts.IngressClass, bool) {
		return facts.IngressClass{Name: i.Name, Controller: i.Spec.Controller}, true
	})
}
