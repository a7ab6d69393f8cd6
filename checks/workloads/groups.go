package workloads

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/remedy"
)

// gkeNamespaces are those that GKE and Kubernetes keep their own pods in, and where users
// don't install the same by themselves, as they do in istio-system.
var gkeNamespaces = []string{
	"kube-system", "kube-public", "kube-node-lease", "gmp-system", "gmp-public", "gkebackup", "cnrm-system", "configconnector-operator-system",
}

// managed reports whether what is in the namespace is not the user's.
func managed(namespace string) bool {
	return strings.HasPrefix(namespace, "gke-") || slices.Contains(gkeNamespaces, namespace)
}

// A group is the pods of one controller, with its place in the snapshot.
type group struct {
	facts.PodGroup
	n int
}

// usersGroups are the groups of the user's namespaces that a drain evicts: those
// of DaemonSets stay until the node goes.
func usersGroups(s *facts.Snapshot) []group {
	var gs []group
	for n, g := range facts.PodGroups.Of(s) {
		if !managed(g.Namespace) && g.Kind != "DaemonSet" {
			gs = append(gs, group{g, n})
		}
	}
	return gs
}

func (g group) subject() preflight.Subject {
	return preflight.Subject{Kind: g.Kind, Namespace: g.Namespace, Name: g.Name}
}

func (g group) String() string { return g.Kind + " " + g.Namespace + "/" + g.Name }

func (g group) evidence(field string, value any, note string) []preflight.Evidence {
	return []preflight.Evidence{{Fact: facts.PodGroups.ID(), Path: fmt.Sprintf("/%d/%s", g.n, field), Value: value, Note: note}}
}

// edit is the command that changes what made the pods.
func (g group) edit() remedy.Command {
	return remedy.Sh("kubectl --namespace %s edit %s %s", g.Namespace, strings.ToLower(g.Kind), g.Name)
}
