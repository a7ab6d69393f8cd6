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

// sample gives l the writes of the groups of pods of each namespace that ours accepts: one
// group for all of the namespace whose writes the same webhooks and policies see. Of
// namespaces that are alike in this it takes the first for all.
func (e examples) sample(l Line, ours func(facts.PodGroup) bool, writes func(facts.PodGroup) []bootstrap.Write) Line {
	l.Stands = map[string][]string{}
	examples := map[string]string{}
	namespaces := e.byNamespace(&l, ours)
	if namespaces == nil {
		l.Writes = labelled(l.Name, writes(anyGroup(ours)))
		return l
	}
	for _, groups := range namespaces {
		namespace := groups[0].Namespace
		ws, key := e.toldApart(groups, writes)
		if example, known := examples[key]; known {
			l.Stands[example] = append(l.Stands[example], namespace)
			continue
		}
		examples[key] = namespace
		l.Stands[namespace] = []string{namespace}
		l.Writes = append(l.Writes, labelled(l.Name, ws)...)
	}
	return l
}

// byNamespace has the groups of each namespace, those whose maker is known first; none
// where there are no groups, or none could be read, as l then says.
func (e examples) byNamespace(l *Line, ours func(facts.PodGroup) bool) [][]facts.PodGroup {
	all, read := facts.PodGroups.Get(e.s)
	if !read {
		a, _ := e.s.Absence(facts.PodGroups)
		l.Unknown = fmt.Sprintf("could not read %s (%s)", facts.PodGroups.ID(), a)
	}
	var found [][]facts.PodGroup
	for _, g := range all {
		last := len(found) - 1
		switch {
		case !ours(g):
		case last < 0 || found[last][0].Namespace != g.Namespace:
			found = append(found, []facts.PodGroup{g})
		default:
			found[last] = append(found[last], g)
		}
	}
	for _, groups := range found {
		slices.SortStableFunc(groups, func(a, b facts.PodGroup) int { return cmp.Compare(strange(a), strange(b)) })
	}
	return found
}

// strange is 1 for a group whose maker is not known, and 0 for others.
func strange(g facts.PodGroup) int {
	if makers[g.Kind] == "" {
		return 1
	}
	return 0
}

// toldApart are the writes of the groups of one namespace, without those of a group whose
// writes the same see as of one before; key tells namespaces apart in the same way. Who
// sees a write is looked at only where a group differs in what that may go by: its labels
// as far as selectors read them.
func (e examples) toldApart(groups []facts.PodGroup, writes func(facts.PodGroup) []bootstrap.Write) (all []bootstrap.Write, key string) {
	looked := map[string]bool{}
	var keys []string
	for _, g := range groups {
		looks := e.looks(g)
		if looked[looks] {
			continue
		}
		looked[looks] = true
		ws := writes(g)
		var by []string
		for _, w := range ws {
			by = append(by, e.seenBy(w))
		}
		if k := strings.Join(by, "\n"); !slices.Contains(keys, k) {
			keys, all = append(keys, k), append(all, ws...)
		}
	}
	slices.Sort(keys)
	return all, strings.Join(keys, "\n\n")
}

// looks is what objectSelectors may tell the pods of groups apart by.
func (e examples) looks(g facts.PodGroup) string {
	if len(e.selecting) == 0 {
		return ""
	}
	looks := []string{fmt.Sprint(g.Pods == 1)}
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
