package checks

import (
	"cmp"
	"fmt"
	"time"

	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// autoRepairAfter is how long GKE lets a node be NotReady or silent before it
// repairs it (cloud.google.com/kubernetes-engine/docs/how-to/node-auto-repair).
const autoRepairAfter = 10 * time.Minute

// leaseDuration is how long a kubelet's lease is good for
// (kubernetes pkg/kubelet/apis/config/v1beta1/defaults.go, NodeLeaseDurationSeconds).
const leaseDuration = 40 * time.Second

func nodeSubject(n facts.Node) preflight.Subject {
	return preflight.Subject{Kind: "Node", Name: n.Name}
}

func inPool(n facts.Node) string {
	return "node " + n.Name + " of node pool " + cmp.Or(n.Pool, "(none)")
}

// age is a duration for a person, to the second or coarser.
func age(d time.Duration) string {
	switch {
	case d < 2*time.Minute:
		return fmt.Sprintf("%.0f s", d.Seconds())
	case d < 2*time.Hour:
		return fmt.Sprintf("%.0f minutes", d.Minutes())
	case d < 48*time.Hour:
		return fmt.Sprintf("%.0f hours", d.Hours())
	}
	return fmt.Sprintf("%.0f days", d.Hours()/24)
}

func describeNode(n facts.Node) string { return "kubectl describe node " + n.Name }
