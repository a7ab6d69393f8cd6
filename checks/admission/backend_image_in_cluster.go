package admission

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/remedy"
)

var backendImageInCluster = preflight.Check{
	ID:       "GP138",
	Name:     "backend-image-in-cluster",
	Title:    "A fail-closed webhook's backend is pulled from a registry in the cluster",
	Severity: preflight.Warning,
	Steps:    []preflight.Step{preflight.ControlPlaneStep},
	Needs:    stakeNeeds(facts.BackendPods),
	Uses:     append(stakeUses(stakeNeeds(facts.BackendPods)), facts.BackendWorkloads),
	Run: func(s *facts.Snapshot) []preflight.Finding {
		return perDescribed(s, ofControlPlane, func(k stake, pods []int) *preflight.Finding { return ownImage(s, k, pods) })
	},
}

func ownImage(s *facts.Snapshot, k stake, pods []int) *preflight.Finding {
	for _, n := range pods {
		for i, c := range facts.BackendPods.Of(s)[n].Containers {
			host := registry(c.Image)
			if !inCluster(s, host) {
				continue
			}
			return &preflight.Finding{
				Severity: preflight.Warning,
				Summary:  fmt.Sprintf("the image of %s comes from %s, which is part of this cluster; while that is down, a replica can't start on a new node, and nobody answers for %s", k, host, k.behind()),
				Evidence: []preflight.Evidence{podEvidence(s, n, fmt.Sprintf("/containers/%d/image", i), c.Image, ", container "+c.Name)},
				Steps:    k.named(s, remedy.Do("pull it from a registry outside the cluster", remedy.Sh("kubectl --namespace %s edit %s", k.namespace, workloadOf(s, k)))),
			}
		}
	}
	return nil
}

// registry is the host of an image's name, without a port; empty for one of the
// default registry (distribution reference, splitDockerDomain).
func registry(image string) string {
	host, _, ok := strings.Cut(image, "/")
	if !ok || !strings.ContainsAny(host, ".:") && host != "localhost" {
		return ""
	}
	if n := strings.LastIndexByte(host, ':'); n >= 0 {
		host = host[:n]
	}
	return host
}

// inCluster reports whether the host is a Service of the cluster, or the node itself.
func inCluster(s *facts.Snapshot, host string) bool {
	if host == "" {
		return false
	}
	address, err := netip.ParseAddr(host)
	switch {
	case host == "localhost", err == nil && address.IsLoopback():
		return true
	case strings.HasSuffix(host, ".svc"), strings.HasSuffix(host, ".svc.cluster.local"):
		return true
	}
	return slices.ContainsFunc(facts.Services.Of(s), func(v facts.Service) bool { return slices.Contains(v.ClusterIPs, host) })
}
