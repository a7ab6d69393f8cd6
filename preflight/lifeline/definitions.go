package lifeline

import (
	"strings"

	"github.com/gke-preflight/gke-preflight/preflight/admission"
	"github.com/gke-preflight/gke-preflight/preflight/bootstrap"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// snapshots is a CustomResourceDefinition that each cluster of GKE has.
const snapshots = "volumesnapshots.snapshot.storage.k8s.io"

// definitions are the CustomResourceDefinitions of Google's and Kubernetes' own groups,
// each by its own name; one that each cluster of GKE has for all where those could not be
// read, and then of no group that is known. Each is updated to what the new version ships:
// what is there is one example of that. What it ships beside is made, and is updated by the
// next version: only that it is of such a group is known of it.
func (e examples) definitions(l Line) Line {
	found, read := facts.CustomResources.Get(e.s)
	updates := []bootstrap.Write{defined(snapshots, read)}
	for _, c := range found {
		if c.Name != snapshots && admission.Ships(c.Name) {
			updates = append(updates, defined(c.Name, true))
		}
	}
	all := append(e.distinct(append(updates, brought(bootstrap.Update))), brought(bootstrap.Create))
	l.Writes = labelled(l.Name, all)
	return l
}

// defined is the update of the definition of that name.
func defined(name string, there bool) bootstrap.Write {
	o := object{name: name}
	if there {
		// The name of a definition is that of its resource and its group.
		_, group, _ := strings.Cut(name, ".")
		o.fields = map[string]any{"spec": map[string]any{"group": group}}
	}
	return from(sketch(bootstrap.Update, definition, o, addonManager()), oneOf(definition, "", name))
}

// brought is a write of a definition that comes with the new version. Of the labels by which
// the add-on manager takes it, it has one of two (kubernetes
// cluster/addons/addon-manager/kube-addons.sh, reconcile_addons), so that none is known.
func brought(op bootstrap.Operation) bootstrap.Write {
	const group = "any-group.gke.io"
	o := object{name: "any-definition." + group, fields: map[string]any{"spec": map[string]any{"group": group}}}
	w := sketch(op, definition, o, addonManager())
	w.Unnamed = true
	return w
}
