package nodes

import (
	"cmp"

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

func describeNode(n facts.Node) remedy.Command { return remedy.Sh("kubectl describe node %s", n.Name) }
