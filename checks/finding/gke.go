package finding

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/remedy"
)

// ClusterSubject is the cluster.
func ClusterSubject(s *facts.Snapshot) preflight.Subject {
	return preflight.Subject{Kind: "Cluster", Name: s.Meta.Cluster.Name}
}

// PoolSubject is the node pool.
func PoolSubject(p facts.NodePool) preflight.Subject {
	return preflight.Subject{Kind: "NodePool", Name: p.Name}
}

// PlaceFlags are the flags that say where the cluster is.
func PlaceFlags(s *facts.Snapshot) []string {
	c := s.Meta.Cluster
	return []string{"--location", c.Location, "--project", c.Project}
}

// ClusterCommand is a gcloud command on the cluster, such as describe.
func ClusterCommand(s *facts.Snapshot, verb string, flags ...string) remedy.Command {
	return remedy.Words(slices.Concat([]string{"gcloud", "container", "clusters", verb, s.Meta.Cluster.Name}, PlaceFlags(s), flags)...)
}

// PoolCommand is a gcloud command on a node pool of the cluster.
func PoolCommand(s *facts.Snapshot, verb, pool string, flags ...string) remedy.Command {
	return remedy.Words(slices.Concat([]string{"gcloud", "container", "node-pools", verb, pool, "--cluster", s.Meta.Cluster.Name}, PlaceFlags(s), flags)...)
}

// OperationsOf lists the cluster's operations that the filter matches.
func OperationsOf(s *facts.Snapshot, filter string) remedy.Command {
	words := []string{"gcloud", "container", "operations", "list"}
	if filter != "" {
		words = append(words, "--filter", filter)
	}
	return remedy.Words(append(words, PlaceFlags(s)...)...)
}

// EvidenceOf is evidence from a fact at a path, which args fill in.
func EvidenceOf(f facts.Fact, value any, note, path string, args ...any) preflight.Evidence {
	return preflight.Evidence{Fact: f.ID(), Path: fmt.Sprintf(path, args...), Value: value, Note: note}
}

// NamesOf lists up to three names, and says how many more there are.
func NamesOf(all []string) string {
	const most = 3
	if len(all) <= most {
		return strings.Join(all, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(all[:most], ", "), len(all)-most)
}

// PoolNamed is a node pool of which nothing but the name is known.
func PoolNamed(name string) preflight.Subject {
	return preflight.Subject{Kind: "NodePool", Name: name}
}

// PoolSizes counts the nodes of each node pool.
func PoolSizes(s *facts.Snapshot) map[string]int {
	sizes := map[string]int{}
	for _, n := range facts.Nodes.Of(s) {
		sizes[n.Pool]++
	}
	return sizes
}

// OneLess are the flags by which an upgrade takes a node away before it adds one.
func OneLess() []string {
	return []string{"--max-surge-upgrade", "0", "--max-unavailable-upgrade", "1"}
}

// OneMore are those by which it adds one first.
func OneMore() []string {
	return []string{"--max-surge-upgrade", "1", "--max-unavailable-upgrade", "0"}
}
