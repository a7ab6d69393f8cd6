package checks

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/remedy"
)

func clusterSubject(s *facts.Snapshot) preflight.Subject {
	return preflight.Subject{Kind: "Cluster", Name: s.Meta.Cluster.Name}
}

func poolSubject(p facts.NodePool) preflight.Subject {
	return preflight.Subject{Kind: "NodePool", Name: p.Name}
}

// placeFlags are the flags that say where the cluster is.
func placeFlags(s *facts.Snapshot) []string {
	c := s.Meta.Cluster
	return []string{"--location", c.Location, "--project", c.Project}
}

// clusterCommand is a gcloud command on the cluster, such as describe.
func clusterCommand(s *facts.Snapshot, verb string, flags ...string) remedy.Command {
	return remedy.Words(slices.Concat([]string{"gcloud", "container", "clusters", verb, s.Meta.Cluster.Name}, placeFlags(s), flags)...)
}

// poolCommand is a gcloud command on a node pool of the cluster.
func poolCommand(s *facts.Snapshot, verb, pool string, flags ...string) remedy.Command {
	return remedy.Words(slices.Concat([]string{"gcloud", "container", "node-pools", verb, pool, "--cluster", s.Meta.Cluster.Name}, placeFlags(s), flags)...)
}

// operationsOf lists the cluster's operations that the filter matches.
func operationsOf(s *facts.Snapshot, filter string) remedy.Command {
	words := []string{"gcloud", "container", "operations", "list"}
	if filter != "" {
		words = append(words, "--filter", filter)
	}
	return remedy.Words(append(words, placeFlags(s)...)...)
}

// evidenceOf is evidence from a fact at a path, which args fill in.
func evidenceOf(f facts.Fact, value any, note, path string, args ...any) preflight.Evidence {
	return preflight.Evidence{Fact: f.ID(), Path: fmt.Sprintf(path, args...), Value: value, Note: note}
}

// namesOf lists up to three names, and says how many more there are.
func namesOf(all []string) string {
	const most = 3
	if len(all) <= most {
		return strings.Join(all, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(all[:most], ", "), len(all)-most)
}
