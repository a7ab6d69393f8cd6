package lifeline

import (
	"slices"

	"github.com/gke-preflight/gke-preflight/preflight/bootstrap"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// Rollouts is the name of the line of what follows where GKE has changed an add-on.
const Rollouts = "rollouts of add-ons"

const rollers = "deployment-controller"

var revision = to("apps", "v1", "controllerrevisions", "ControllerRevision")

// ofRevisions are the labels that each controller puts on the revisions that it makes,
// beside those of the template (kubernetes pkg/controller/daemon/update.go, snapshot;
// pkg/controller/history/controller_history.go, NewControllerRevision).
var ofRevisions = map[string]map[string]string{
	daemonSets: {"controller-revision-hash": "5d8c9f7b6"}, statefulSets: {"controller.kubernetes.io/hash": "5d8c9f7b6"},
}

// rollouts are how controllers bring a changed template of one of GKE's add-ons to its pods:
// a new ReplicaSet grows and the old one shrinks, and a DaemonSet or a StatefulSet notes a
// revision before it makes any pod. What the template is changed to no cluster tells.
func (e examples) rollouts() []bootstrap.Write {
	looks := func(g facts.PodGroup) string { return g.Namespace + "\n" + g.Kind }
	a := alikeOf(e, e.shipped(), looks, anyPool, func(g facts.PodGroup) []bootstrap.Write {
		by := makers[g.Kind]
		o := object{namespace: g.Namespace, name: g.Name + "-5d8c9f7b6"}
		if by != deployments {
			o = o.varying(ofRevisions[by])
			return []bootstrap.Write{sketch(bootstrap.Create, revision, o, serviceAccount(by)), sketch(bootstrap.Update, revision, o, serviceAccount(by))}
		}
		o = o.varying(ofPods[by])
		sources := slices.Clone(counted(g, "ReplicaSet"))
		for n := range sources {
			sources[n].OneOf = true
		}
		return []bootstrap.Write{
			from(sketch(bootstrap.Create, replicaSet, o, serviceAccount(rollers)), sources...),
			from(sketch(bootstrap.Update, replicaSet, o, serviceAccount(rollers)), sources...),
		}
	})
	for n := range a.writes {
		a.writes[n].Namespaces = a.namespaces[n]
	}
	return a.writes
}

// shipped are the pods that GKE keeps, as Deployments, DaemonSets and StatefulSets make
// them: those of kube-system, and what else is marked as GKE's.
func (e examples) shipped() []facts.PodGroup {
	all, read := facts.PodGroups.Get(e.s)
	groups := e.systemGroups()
	if !read {
		groups = append(groups, facts.PodGroup{Namespace: system, Kind: "StatefulSet", Name: "any-set"})
	}
	for _, g := range all {
		if g.Namespace != system && g.Keeper == facts.OfGKE {
			groups = append(groups, g)
		}
	}
	rolled := []string{"Deployment", daemonSet, "StatefulSet"}
	return slices.DeleteFunc(groups, func(g facts.PodGroup) bool { return !slices.Contains(rolled, g.Kind) })
}
