package checks

import (
	"fmt"
	"strings"

	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// clusterState says what a Cluster_Status other than RUNNING means for an
// upgrade (containerpb cluster_service.proto).
func clusterState(status string) (severity preflight.Severity, meaning string) {
	switch status {
	case "RUNNING":
		return preflight.Info, ""
	case "RECONCILING":
		return preflight.Blocker, "GKE is working on it and refuses an upgrade until that is over"
	case "PROVISIONING":
		return preflight.Blocker, "it is still being created"
	case "STOPPING":
		return preflight.Blocker, "it is being deleted"
	case "ERROR":
		return preflight.Blocker, "it is unusable"
	case "DEGRADED":
		return preflight.Blocker, "it needs something done first"
	}
	return preflight.Blocker, "this version of gke-preflight does not know what that means"
}

func conditionsText(cs []facts.StatusCondition) string {
	var parts []string
	for _, c := range cs {
		parts = append(parts, strings.TrimSuffix(c.Code+": "+c.Message, ": "))
	}
	return strings.Join(parts, "; ")
}

func clusterSubject(s *facts.Snapshot) preflight.Subject {
	return preflight.Subject{Kind: "Cluster", Name: s.Meta.Cluster.Name}
}

func clusterFlags(s *facts.Snapshot) string {
	c := s.Meta.Cluster
	return fmt.Sprintf("--location %s --project %s", c.Location, c.Project)
}
