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

func makerOf(g facts.PodGroup) string { return cmp.Or(makers[g.Kind], deployments) }

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
	examples := map[string][]told{}
	namespaces := e.byNamespace(&l, ours)
	if namespaces == nil {
		l.Writes = labelled(l.Name, writes(anyGroup(ours)))
		return l
	}
	var order []string
	for _, groups := range namespaces {
		namespace := groups[0].Namespace
		mine, key := e.toldApart(groups, writes)
		if example, known := examples[key]; known {
			first := example[0].namespace
			l.Stands[first] = append(l.Stands[first], namespace)
			merge(example, mine)
			continue
		}
		examples[key] = mine
		l.Stands[namespace] = []string{namespace}
		order = append(order, key)
	}
	for _, key := range order {
		for _, t := range examples[key] {
			l.Writes = append(l.Writes, labelled(l.Name, t.writes)...)
		}
	}
	return l
}

// told are writes that the same see, of a group of pods that stands for others alike.
type told struct {
	namespace, key string
	writes         []bootstrap.Write
}

// add has t stand for what the writes of another group are made from.
func (t told) add(writes []bootstrap.Write) {
	for n := range t.writes {
		alsoFor(&t.writes[n], writes[n])
	}
}

// merge has each of the examples stand for that of the other namespace which the same see.
func merge(examples, others []told) {
	for _, o := range others {
		if n := slices.IndexFunc(examples, func(t told) bool { return t.key == o.key }); n >= 0 {
			examples[n].add(o.writes)
		}
	}
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

// toldApart are the writes of the groups of one namespace, where those of a group stand
// for all that the same see; key tells namespaces apart in the same way. Who
// sees a write is looked at only where a group differs in what that may go by: the
// controller that makes its pods, and its labels as far as selectors read them.
func (e examples) toldApart(groups []facts.PodGroup, writes func(facts.PodGroup) []bootstrap.Write) (all []told, key string) {
	looked := map[string]int{}
	for _, g := range groups {
		looks := e.looks(g)
		if n, known := looked[looks]; known {
			if !all[n].full() {
				all[n].add(writes(g))
			}
			continue
		}
		ws := writes(g)
		var by []string
		for _, w := range ws {
			by = append(by, string(w.Operation)+" "+w.ResourceName(), e.seenBy(w))
		}
		seen := strings.Join(by, "\n")
		n := slices.IndexFunc(all, func(t told) bool { return t.key == seen })
		if n < 0 {
			n = len(all)
			all = append(all, told{g.Namespace, seen, ws})
		} else {
			all[n].add(ws)
		}
		looked[looks] = n
	}
	var keys []string
	for _, t := range all {
		keys = append(keys, t.key)
	}
	slices.Sort(keys)
	return all, strings.Join(keys, "\n\n")
}

// full reports whether no more objects are remembered.
func (t told) full() bool {
	return !slices.ContainsFunc(t.writes, func(w bootstrap.Write) bool { return len(w.From) > 0 && len(w.From) <= maxSources })
}

// looks is what webhooks may tell the pods of groups apart by: the controller that makes
// them, and what objectSelectors read.
func (e examples) looks(g facts.PodGroup) string {
	if len(e.selecting) == 0 {
		return makers[g.Kind]
	}
	looks := []string{makers[g.Kind], fmt.Sprint(g.Pods == 1)}
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
