package workloads

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gke-preflight/gke-preflight/checks/finding"
	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/remedy"
	"github.com/gke-preflight/gke-preflight/preflight/words"
)

// madeByKubernetes are the namespaces that each API server makes. Users have things there,
// too; recordings of earlier versions do not tell those from GKE's.
var madeByKubernetes = []string{"kube-system", "kube-public", "kube-node-lease"}

// ofGKE reports whether what is in the namespace is not the user's: what is not known to be
// GKE's is.
func ofGKE(namespace string, k facts.Keeper) bool {
	switch k {
	case facts.OfGKE:
		return true
	case facts.OfUser:
		return false
	}
	return slices.Contains(madeByKubernetes, namespace)
}

// A group is the pods of one controller, with its place in the snapshot.
type group struct {
	facts.PodGroup
	n int
}

// usersGroups are the user's groups that a drain evicts: those
// of DaemonSets stay until the node goes.
func usersGroups(s *facts.Snapshot) []group {
	var gs []group
	for n, g := range facts.PodGroups.Of(s) {
		if !ofGKE(g.Namespace, g.Keeper) && g.Kind != "DaemonSet" {
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

// A detailed group is one whose pods have something special, with its place in the snapshot.
type detailed struct {
	facts.PodDetail
	group
	n int
}

// usersDetails are those of the user's groups, DaemonSets among them.
func usersDetails(s *facts.Snapshot) []detailed {
	groups := map[[3]string]group{}
	for n, g := range facts.PodGroups.Of(s) {
		groups[[3]string{g.Namespace, g.Kind, g.Name}] = group{g, n}
	}
	var all []detailed
	for n, d := range facts.PodDetails.Of(s) {
		g, ok := groups[[3]string{d.Namespace, d.Kind, d.Name}]
		if !ok {
			g = group{facts.PodGroup{Namespace: d.Namespace, Kind: d.Kind, Name: d.Name}, -1}
		}
		if !ofGKE(g.Namespace, g.Keeper) {
			all = append(all, detailed{d, g, n})
		}
	}
	return all
}

// detail is evidence from a field of the group's details.
func (d detailed) detail(field string, value any) preflight.Evidence {
	return preflight.Evidence{Fact: facts.PodDetails.ID(), Path: fmt.Sprintf("/%d/%s", d.n, field), Value: value, Note: d.group.String()}
}

// A gathering is one finding for many groups.
type gathering struct {
	names    []string
	evidence []preflight.Evidence
	first    detailed
}

func (m *gathering) add(d detailed, field string, value any) {
	if m.names = append(m.names, d.group.String()); len(m.names) == 1 {
		m.first = d
	}
	if len(m.names) <= finding.MostAlike {
		m.evidence = append(m.evidence, d.detail(field, value))
	}
}

// says is the names, as far as they are told.
func (m *gathering) says() string { return words.Some(m.names, finding.MostAlike) }
