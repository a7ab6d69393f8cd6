package cluster

import (
	"fmt"
	"strings"
	"time"

	"github.com/gke-preflight/gke-preflight/checks/finding"
	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// operationWords says what an operation does; empty for a type that this version
// does not know (containerpb cluster_service.proto, Operation.Type).
func operationWords(kind string) string {
	switch kind {
	case "CREATE_CLUSTER":
		return "the creation of the cluster"
	case "DELETE_CLUSTER":
		return "the deletion of the cluster"
	case "UPGRADE_MASTER":
		return "an upgrade of the control plane"
	case "REPAIR_CLUSTER":
		return "a repair of the control plane"
	case "RESIZE_CLUSTER":
		return "a resize of the control plane"
	case "UPDATE_CLUSTER", "SET_LABELS", "SET_MASTER_AUTH", "SET_NETWORK_POLICY", "SET_MAINTENANCE_POLICY":
		return "a change of the cluster"
	case "UPGRADE_NODES", "AUTO_UPGRADE_NODES":
		return "an upgrade or change of nodes"
	case "CREATE_NODE_POOL":
		return "the creation of a node pool"
	case "DELETE_NODE_POOL":
		return "the deletion of a node pool"
	case "SET_NODE_POOL_MANAGEMENT", "SET_NODE_POOL_SIZE":
		return "a change of a node pool"
	case "FLEET_FEATURE_UPGRADE":
		return "an upgrade of a fleet feature"
	case autoRepair:
		return "a repair of nodes"
	}
	return ""
}

// autoRepair may run beside other operations (containerpb cluster_service.proto,
// Operation.Type).
const autoRepair = "AUTO_REPAIR_NODES"

// tooLong is after how long an operation is taken to be stuck: an hour is what
// Terraform waits for an upgrade by default, and a node pool whose machines are out
// of stock holds its lock for tens of minutes. Zero for operations that may take any time.
func tooLong(kind string) time.Duration {
	switch kind {
	case "UPGRADE_MASTER", "REPAIR_CLUSTER", "RESIZE_CLUSTER":
		return time.Hour
	case "CREATE_NODE_POOL":
		return 30 * time.Minute
	}
	return 0
}

func underWay(o facts.Operation) bool { return o.Status != "DONE" }

// describeOperation says what runs, on what, and for how long.
func describeOperation(s *facts.Snapshot, o facts.Operation) string {
	words := operationWords(o.Type)
	if words == "" {
		words = "an operation of type " + o.Type + ", which this version of gke-preflight does not know,"
	}
	if o.Target != "" {
		words += " (" + o.Target + ")"
	}
	if o.Start.IsZero() {
		return words + " is " + strings.ToLower(o.Status)
	}
	since := s.Meta.CollectedAt.Sub(o.Start)
	text := fmt.Sprintf("%s has been %s for %s", words, strings.ToLower(o.Status), finding.Age(since))
	if limit := tooLong(o.Type); limit > 0 && since > limit {
		text += " and seems stuck"
		if o.Type == "UPGRADE_MASTER" {
			text += ", as it does when the new API server never gets ready"
		}
	}
	return text
}

func operationEvidence(i int, o facts.Operation) preflight.Evidence {
	note := o.Type + " " + o.Name
	if o.Detail != "" {
		note += ": " + o.Detail
	}
	return finding.EvidenceOf(facts.GKEOperations, o.Status, note, "/%d/status", i)
}

// neverReady reports whether GKE's message says that the new API server did not
// get ready, which it words by component
// (cloud.google.com/kubernetes-engine/docs/troubleshooting/upgrades).
func neverReady(message string) bool {
	return strings.Contains(message, "is unhealthy") && (strings.Contains(message, "kube-apiserver") || strings.Contains(message, "KubeApiserverReady"))
}

const neverReadyMeans = "the new API server never got ready, as when a webhook or policy stops what it writes at its start"
