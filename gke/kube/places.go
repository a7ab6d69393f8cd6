package kube

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	scheduling "k8s.io/component-helpers/scheduling/corev1"
	"k8s.io/component-helpers/scheduling/corev1/nodeaffinity"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// places are the nodes that take pods, those alike together: in all that a pod may choose
// by but the host's name.
type places struct {
	alike map[string]*alikeNodes
}

// alikeNodes are nodes that a pod may choose or not, one as the other.
type alikeNodes struct {
	pool, zone string
	// example has labels and taints, and names are those of the nodes with their host names.
	example *corev1.Node
	names   map[string]string
}

func newPlaces() *places { return &places{map[string]*alikeNodes{}} }

func (p *places) add(n *corev1.Node) {
	if n.Spec.Unschedulable {
		return
	}
	labels := maps.Clone(n.Labels)
	host := labels[corev1.LabelHostname]
	delete(labels, corev1.LabelHostname)
	taints := lasting(n.Spec.Taints)
	key := fmt.Sprint(labels, taints) // maps are printed in the order of their keys
	a := p.alike[key]
	if a == nil {
		a = &alikeNodes{pool: n.Labels[poolLabel], zone: n.Labels[corev1.LabelTopologyZone], names: map[string]string{},
			example: &corev1.Node{ObjectMeta: metav1.ObjectMeta{Labels: labels}, Spec: corev1.NodeSpec{Taints: taints}}}
		p.alike[key] = a
	}
	a.names[n.Name] = host
}

// lasting are the taints without those that tell of a passing condition.
func lasting(taints []corev1.Taint) []corev1.Taint {
	return slices.DeleteFunc(slices.Clone(taints), func(t corev1.Taint) bool { return strings.HasPrefix(t.Key, "node.kubernetes.io/") })
}

// of are those that the scheduler may choose for the pod (kubernetes
// pkg/scheduler/framework/plugins/nodeaffinity and .../tainttoleration, Filter); false where
// what it asks for can't be read.
func (p *places) of(pod *corev1.Pod) ([]facts.Place, bool) {
	required := nodeaffinity.GetRequiredNodeAffinity(pod)
	byHost := namesHosts(pod)
	found := map[facts.Place]int32{}
	for _, a := range p.alike {
		if !tolerates(pod, a.example.Spec.Taints) {
			continue
		}
		n, err := a.chosen(required, byHost)
		if err != nil {
			return nil, false
		}
		if n > 0 {
			found[facts.Place{Pool: a.pool, Zone: a.zone}] += n
		}
	}
	var out []facts.Place
	for place, n := range found {
		place.Nodes = n
		out = append(out, place)
	}
	slices.SortFunc(out, func(a, b facts.Place) int {
		return cmp.Or(strings.Compare(a.Pool, b.Pool), strings.Compare(a.Zone, b.Zone))
	})
	return out, true
}

// chosen is how many of them match.
func (a *alikeNodes) chosen(required nodeaffinity.RequiredNodeAffinity, byHost bool) (int32, error) {
	if !byHost {
		ok, err := required.Match(a.example)
		if !ok {
			return 0, err
		}
		return int32(len(a.names)), err
	}
	var n int32
	for name, host := range a.names {
		node := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: maps.Clone(a.example.Labels)}}
		if host != "" {
			if node.Labels == nil {
				node.Labels = map[string]string{}
			}
			node.Labels[corev1.LabelHostname] = host
		}
		ok, err := required.Match(node)
		if err != nil {
			return 0, err
		}
		if ok {
			n++
		}
	}
	return n, nil
}

func tolerates(pod *corev1.Pod, taints []corev1.Taint) bool {
	_, stopped := scheduling.FindMatchingUntoleratedTaint(logr.Discard(), taints, pod.Spec.Tolerations, func(t *corev1.Taint) bool {
		return t.Effect == corev1.TaintEffectNoSchedule || t.Effect == corev1.TaintEffectNoExecute
	}, true)
	return !stopped
}

// namesHosts reports whether the pod chooses by what each node has for itself.
func namesHosts(pod *corev1.Pod) bool {
	if _, ok := pod.Spec.NodeSelector[corev1.LabelHostname]; ok {
		return true
	}
	a := pod.Spec.Affinity
	if a == nil || a.NodeAffinity == nil || a.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution == nil {
		return false
	}
	return slices.ContainsFunc(a.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution.NodeSelectorTerms, func(t corev1.NodeSelectorTerm) bool {
		return len(t.MatchFields) > 0 || slices.ContainsFunc(t.MatchExpressions, func(e corev1.NodeSelectorRequirement) bool { return e.Key == corev1.LabelHostname })
	})
}
