package manifest

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	k8slabels "k8s.io/apimachinery/pkg/labels"

	"github.com/gke-preflight/gke-preflight/preflight/admission"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// people puts pods into the namespaces of the manifests where no cluster is known. Whether
// more namespaces and pods ask for what the manifests hold can't be seen: in the snapshot
// of others there are some that do.
func (a *adder) people() (others *facts.Snapshot) {
	groups, ok := facts.PodGroups.Get(a.s)
	if !a.whole || !ok {
		return nil
	}
	for _, n := range a.inhabited {
		if !a.serves(n) && !slices.ContainsFunc(groups, func(g facts.PodGroup) bool { return g.Namespace == n }) {
			groups = append(groups, facts.PodGroup{Namespace: n, Kind: "Deployment", Name: "any-app"})
		}
	}
	a.s = a.s.With(facts.Present(facts.PodGroups, ordered(groups)))
	namespaces, _ := facts.Namespaces.Get(a.s)
	c := crowd{slices.Clone(namespaces), groups}
	for _, x := range admission.Selections(a.s) {
		if slices.Contains(a.names, Name{string(x.Kind), x.Name}) {
			a.meet(x, &c)
		}
	}
	return c.in(a.s)
}

// meet adds to the crowd who meets x, in the namespaces that its selector names or in any,
// and in those that its expressions name.
func (a *adder) meet(x admission.Selection, c *crowd) {
	names, others := byName(x.Namespaces)
	ofNamespace, asked := meeting(others)
	ofPods, also := meeting(x.Objects)
	if !asked || !also {
		return
	}
	if names == nil && (x.Objects != nil || !c.lived(x.Namespaces, x.Reads != nil)) {
		name := free(c.namespaces)
		c.add(name, true, ofNamespace, ofPods)
		a.stand(name, ofNamespace, ofPods)
	}
	for _, r := range x.Reads {
		a.doubt(x, r)
		names = append(names, r.Names...)
	}
	for _, name := range names {
		if name != metav1.NamespacePublic && name != corev1.NamespaceNodeLease && c.add(name, false, ofNamespace, ofPods) {
			a.stand(name, ofNamespace, ofPods)
		}
	}
}

// byName are the names of namespaces that the requirements ask for, nil where they ask for
// none, and those that are not about the name.
func byName(all []metav1.LabelSelectorRequirement) (names []string, others []metav1.LabelSelectorRequirement) {
	for _, q := range all {
		switch {
		case q.Key != corev1.LabelMetadataName:
			others = append(others, q)
		case q.Operator == metav1.LabelSelectorOpIn:
			names = append(names, q.Values...)
		}
	}
	return names, others
}

// doubt notes which expression goes by a namespace.
func (a *adder) doubt(x admission.Selection, r admission.NamespaceRead) {
	text := strings.Join(strings.Fields(r.Expression), " ")
	if runes := []rune(text); len(runes) > longest {
		text = string(runes[:longest]) + "..."
	}
	d := fmt.Sprintf("whether there are pods in the namespaces that %q of %s %s tells from others can't be seen here: simulate on the cluster, or with --snapshot RECORDING, to find out", text, x.Kind, x.Name)
	if !slices.Contains(a.doubts, d) {
		a.doubts = append(a.doubts, d)
	}
}

// longest is how much of an expression is quoted.
const longest = 80

// stand notes what a namespace that is made up stands for.
func (a *adder) stand(name string, ofNamespace, ofPods map[string]string) {
	var with []string
	for what, labels := range map[string]map[string]string{"namespaces": ofNamespace, "pods": ofPods} {
		if len(labels) > 0 {
			with = append(with, what+" with "+strings.Join(pairs(labels), ", "))
		}
	}
	slices.Sort(with)
	if with != nil {
		a.note("whether there are %s can't be seen here; %s stands for those that there may be", strings.Join(with, " and "), name)
	}
}

func pairs(labels map[string]string) (all []string) {
	for _, k := range slices.Sorted(maps.Keys(labels)) {
		all = append(all, k+"="+labels[k])
	}
	return all
}

// serves reports whether a webhook is called in the namespace.
func (a *adder) serves(namespace string) bool {
	validating, _ := facts.ValidatingWebhooks.Get(a.s)
	for _, c := range validating {
		for _, w := range c.Webhooks {
			if w.ClientConfig.Service != nil && w.ClientConfig.Service.Namespace == namespace {
				return true
			}
		}
	}
	mutating, _ := facts.MutatingWebhooks.Get(a.s)
	for _, c := range mutating {
		for _, w := range c.Webhooks {
			if w.ClientConfig.Service != nil && w.ClientConfig.Service.Namespace == namespace {
				return true
			}
		}
	}
	return false
}

// free is a name that no namespace has.
func free(taken []facts.Namespace) string {
	for n := 1; ; n++ {
		name := "any-namespace"
		if n > 1 {
			name = fmt.Sprintf("%s-%d", name, n)
		}
		if !slices.ContainsFunc(taken, func(t facts.Namespace) bool { return t.Name == name }) {
			return name
		}
	}
}

func ordered(groups []facts.PodGroup) []facts.PodGroup {
	return slices.SortedFunc(slices.Values(groups), func(x, y facts.PodGroup) int {
		return cmp.Or(cmp.Compare(x.Namespace, y.Namespace), cmp.Compare(x.Kind, y.Kind), cmp.Compare(x.Name, y.Name))
	})
}

// meeting are labels that meet all the requirements, and no more than those need; false
// where there are none, as far as one value of each shows.
func meeting(all []metav1.LabelSelectorRequirement) (map[string]string, bool) {
	labels := map[string]string{}
	for _, q := range all {
		switch {
		case q.Operator == metav1.LabelSelectorOpIn && len(q.Values) > 0:
			labels[q.Key] = q.Values[0]
		case q.Operator == metav1.LabelSelectorOpExists && labels[q.Key] == "":
			labels[q.Key] = "any"
		}
	}
	s, err := metav1.LabelSelectorAsSelector(&metav1.LabelSelector{MatchExpressions: all})
	return labels, err == nil && s.Matches(k8slabels.Set(labels))
}
