package lifeline

import (
	"fmt"
	"slices"

	"github.com/gke-preflight/gke-preflight/preflight/bootstrap"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// plugins are the DaemonSets by which those are known that give nodes their network in
// recordings of versions that did not look into pods for it: GKE's own, and those that
// kubernetes.io/docs/concepts/cluster-administration/addons lists as their makers name
// them.
var plugins = []string{"anetd", "netd", "antrea-agent", "calico-node", "canal", "cilium", "kube-flannel-ds", "kube-router", "ovnkube-node", "weave-net"}

// network are the pods without which a new node has no network; none where nodes bring it
// with them.
func (e examples) network(l Line) Line {
	groups, grouped := facts.PodGroups.Get(e.s)
	found, read := facts.NetworkPlugins.Get(e.s)
	if !read && !grouped {
		a, _ := e.s.Absence(facts.NetworkPlugins)
		l.Unknown = fmt.Sprintf("could not read %s (%s)", facts.NetworkPlugins.ID(), a)
		return l
	}
	for _, g := range groups {
		if !read && g.Kind == daemonSet && slices.Contains(plugins, g.Name) {
			found = append(found, facts.NetworkPlugin{Namespace: g.Namespace, Name: g.Name})
		}
	}
	for _, p := range found {
		g := facts.PodGroup{Namespace: p.Namespace, Kind: daemonSet, Name: p.Name}
		n := slices.IndexFunc(groups, func(o facts.PodGroup) bool {
			return o.Namespace == p.Namespace && o.Kind == daemonSet && o.Name == p.Name
		})
		if n >= 0 {
			g = groups[n]
		}
		for _, w := range e.madeAnew(g) {
			w.Pools = poolsOf(g)
			l.Writes = append(l.Writes, w)
		}
	}
	l.Writes = labelled(l.Name, l.Writes)
	return l
}

// madeAnew are the writes by which a controller makes a pod of the group anew, and it
// gets its token: that of the namespace's own ServiceAccount, or of one of its own, which
// most add-ons name like what they run.
func (e examples) madeAnew(g facts.PodGroup) []bootstrap.Write {
	ws := e.pod(e.podOf(g), makers[g.Kind], g)
	for _, account := range []string{"default", g.Name} {
		ws = append(ws, sketch(bootstrap.Create, token, object{namespace: g.Namespace, name: account}.bare(), kubelet(e.node)))
	}
	return ws
}
