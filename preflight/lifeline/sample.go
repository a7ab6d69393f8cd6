package lifeline

import (
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
)

// makers are the controllers that make the pods of each kind of [facts.PodGroup].
var makers = map[string]string{
	daemonSet: daemonSets, "StatefulSet": statefulSets, "Deployment": deployments, "ReplicaSet": deployments, "Job": jobs,
}

// anyGroup stands for the pods of a cluster that has none yet, or of which none could be
// read.
func anyGroup(ours func(facts.PodGroup) bool) facts.PodGroup {
	g := facts.PodGroup{Namespace: "default", Kind: "Deployment", Name: "any-app"}
	if !ours(g) {
		g.Kind = daemonSet
	}
	return g
}

// sample gives l the writes of one group of pods of each namespace, of those that ours
// accepts. Of namespaces whose writes the same webhooks and policies see it takes the
// first for all.
func (e examples) sample(l Line, ours func(facts.PodGroup) bool, writes func(facts.PodGroup) []bootstrap.Write) Line {
	l.Stands = map[string][]string{}
	examples := map[string]string{}
	groups := e.oneOfEach(&l, ours)
	if groups == nil {
		l.Writes = labelled(l.Name, writes(anyGroup(ours)))
		return l
	}
	for _, g := range groups {
		ws := labelled(l.Name, writes(g))
		var by []string
		for _, w := range ws {
			by = append(by, e.seenBy(w))
		}
		key := strings.Join(by, "\n")
		if example, known := examples[key]; known {
			l.Stands[example] = append(l.Stands[example], g.Namespace)
			continue
		}
		examples[key] = g.Namespace
		l.Stands[g.Namespace] = []string{g.Namespace}
		l.Writes = append(l.Writes, ws...)
	}
	return l
}

// oneOfEach is one group for each namespace, the first whose maker is known if there is
// one; none where there are no groups, or none could be read, as l then says.
func (e examples) oneOfEach(l *Line, ours func(facts.PodGroup) bool) []facts.PodGroup {
	all, read := facts.PodGroups.Get(e.s)
	if !read {
		a, _ := e.s.Absence(facts.PodGroups)
		l.Unknown = fmt.Sprintf("could not read %s (%s)", facts.PodGroups.ID(), a)
	}
	var kept []facts.PodGroup
	for _, g := range all {
		last := len(kept) - 1
		switch {
		case !ours(g):
		case last < 0 || kept[last].Namespace != g.Namespace:
			kept = append(kept, g)
		case makers[kept[last].Kind] == "" && makers[g.Kind] != "":
			kept[last] = g
		}
	}
	return kept
}

// podOf is a pod of the group. Of a single one all labels are known.
func (e examples) podOf(g facts.PodGroup) object {
	return object{namespace: g.Namespace, name: g.Name, labels: g.Labels, known: bootstrap.Labels{Complete: g.Pods == 1}}
}

// seenBy tells writes apart by who intercepts them, and by what is known of that.
func (e examples) seenBy(w bootstrap.Write) string {
	var by []string
	for _, i := range admission.For(e.s).Match(w) {
		by = append(by, fmt.Sprint(i.Culprit(), i.Fails, i.Denial, i.Undecided))
	}
	slices.Sort(by)
	return strings.Join(by, "\n")
}

// policySees reports whether a policy intercepts one of the writes.
func (e examples) policySees(ws []bootstrap.Write) bool {
	return slices.ContainsFunc(ws, func(w bootstrap.Write) bool {
		return slices.ContainsFunc(admission.For(e.s).Match(w), func(i admission.Interception) bool { return i.Kind.IsPolicy() })
	})
}
