package checks

import (
	"cmp"
	"fmt"
	"time"

	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/remedy"
)

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

func describeNode(n facts.Node) remedy.Command { return remedy.Sh("kubectl describe node %s", n.Name) }
