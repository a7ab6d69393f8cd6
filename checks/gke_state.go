package checks

import (
	"fmt"
	"strings"

	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

func clusterSubject(s *facts.Snapshot) preflight.Subject {
	return preflight.Subject{Kind: "Cluster", Name: s.Meta.Cluster.Name}
}

func poolSubject(p facts.NodePool) preflight.Subject {
	return preflight.Subject{Kind: "NodePool", Name: p.Name}
}

func clusterFlags(s *facts.Snapshot) string {
	c := s.Meta.Cluster
	return fmt.Sprintf("--location %s --project %s", c.Location, c.Project)
}

// clusterCommand is a gcloud command on the cluster, such as describe.
func clusterCommand(s *facts.Snapshot, verb string, flags ...string) string {
	return strings.Join(append([]string{"gcloud container clusters", verb, s.Meta.Cluster.Name, clusterFlags(s)}, flags...), " ")
}

// poolCommand is a gcloud command on a node pool of the cluster.
func poolCommand(s *facts.Snapshot, verb string, p facts.NodePool, flags ...string) string {
	return strings.Join(append([]string{"gcloud container node-pools", verb, p.Name, "--cluster", s.Meta.Cluster.Name, clusterFlags(s)}, flags...), " ")
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
