package lifeline

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/gke-preflight/gke-preflight/preflight/admission"
	"github.com/gke-preflight/gke-preflight/preflight/bootstrap"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

const (
	daemonSet = "DaemonSet"
	jobs      = "job-controller"
	// bare is the kind of a group that is one pod which no controller made.
	bare = "Pod"
)

// makers are the controllers of kube-controller-manager that make the pods of each kind of
// [facts.PodGroup].
var makers = map[string]string{
	daemonSet: daemonSets, "StatefulSet": statefulSets, "Deployment": deployments, "ReplicaSet": deployments, "Job": jobs,
	"ReplicationController": "replication-controller",
}

// replaced reports whether others are made in the place of the group's pods.
func replaced(g facts.PodGroup) bool { return g.Kind != bare }

// anyGroup stands for the pods of a cluster that has none yet, or of which none could be
// read.
func anyGroup(ours func(facts.PodGroup) bool) facts.PodGroup {
	g := facts.PodGroup{Namespace: "default", Kind: "Deployment", Name: "any-app"}
	if !ours(g) {
		g.Kind = daemonSet
	}
	return g
}

// sample gives l the writes of the groups of pods that ours accepts: of those that one user
// makes and the same webhooks and policies see, the first stands for all, whatever their
// namespaces and node pools.
func (e examples) sample(l Line, ours func(facts.PodGroup) bool, writes func(facts.PodGroup) []bootstrap.Write) Line {
	groups := e.groups(&l, ours)
	if groups == nil {
		l.Writes = labelled(l.Name, writes(anyGroup(ours)))
		return l
	}
	alike := alikeOf(e, groups, e.looks, poolsOf, writes)
	for n := range alike.writes {
		alike.writes[n].Namespaces = alike.namespaces[n]
	}
	l.Writes = labelled(l.Name, alike.writes)
	return l
}

// groups are those that ours accepts, the best examples first; none where there are none, or
// none could be read, as l then says.
func (e examples) groups(l *Line, ours func(facts.PodGroup) bool) (found []facts.PodGroup) {
	all, read := facts.PodGroups.Get(e.s)
	if !read {
		a, _ := e.s.Absence(facts.PodGroups)
		l.Unknown = fmt.Sprintf("could not read %s (%s)", facts.PodGroups.ID(), a)
	}
	for _, g := range all {
		if ours(g) {
			found = append(found, g)
		}
	}
	slices.SortStableFunc(found, func(a, b facts.PodGroup) int { return cmp.Compare(fitness(a), fitness(b)) })
	return found
}

// fitness is less for what is the better example: pods whose maker is known, and of these
// such as are moved.
func fitness(g facts.PodGroup) int {
	switch {
	case makers[g.Kind] == "":
		return 2
	case !drained(g):
		return 1
	}
	return 0
}

// looks is what webhooks may tell the pods of groups apart by: their namespace, what made
// them, and what objectSelectors read.
func (e examples) looks(g facts.PodGroup) string {
	if len(e.selecting) == 0 {
		return g.Namespace + "\n" + g.Kind
	}
	looks := []string{g.Namespace, g.Kind, fmt.Sprint(g.Pods == 1)}
	for _, k := range e.selecting {
		if v, ok := g.Labels[k]; ok {
			looks = append(looks, k+"="+v)
		}
	}
	return strings.Join(looks, "\n")
}

// podOf is a pod of the group. Of a single one all labels are known.
func (e examples) podOf(g facts.PodGroup) object {
	return object{namespace: g.Namespace, name: g.Name, labels: g.Labels, known: bootstrap.Labels{Complete: g.Pods == 1}}
}

// policySees reports whether a policy intercepts one of the writes.
func (e examples) policySees(ws []bootstrap.Write) bool {
	return slices.ContainsFunc(ws, func(w bootstrap.Write) bool {
		return slices.ContainsFunc(admission.For(e.s).Match(w), func(i admission.Interception) bool { return i.Kind.IsPolicy() })
	})
}
