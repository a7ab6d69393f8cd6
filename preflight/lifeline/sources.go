package lifeline

import (
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/gke-preflight/gke-preflight/preflight/bootstrap"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

var (
	deployment  = to("apps", "v1", "deployments", "Deployment")
	replicaSet  = to("apps", "v1", "replicasets", "ReplicaSet")
	statefulSet = to("apps", "v1", "statefulsets", "StatefulSet")
	daemons     = to("apps", "v1", "daemonsets", "DaemonSet")
	job         = to("batch", "v1", "jobs", "Job")
	service     = to("", "v1", "services", "Service")
)

// templates are the kinds that have the template of the pods of a [facts.PodGroup].
var templates = map[string]target{
	"Deployment": deployment, "ReplicaSet": replicaSet, "StatefulSet": statefulSet, daemonSet: daemons, "Job": job,
}

// Readable are the kinds that a [bootstrap.Source] may be of. No Secret is among them,
// and nothing that holds what applications are configured with apart from their pods.
func Readable() []schema.GroupVersionResource {
	var all []schema.GroupVersionResource
	for _, t := range []target{pod, node, deployment, replicaSet, statefulSet, daemons, job, service, csiNode, attachment, persistent, claim, budget, definition} {
		all = append(all, t.resource)
	}
	return all
}

func named(t target, namespace, name string) bootstrap.Source {
	return bootstrap.Source{Resource: t.resource, Namespace: namespace, Name: name}
}

// oneOf is one of many of the kind, any of them where it has no name.
func oneOf(t target, namespace, name string) bootstrap.Source {
	s := named(t, namespace, name)
	s.OneOf = true
	return s
}

// aPod is the example of the group's pods; none in recordings of earlier versions.
func aPod(g facts.PodGroup) []bootstrap.Source {
	if g.Example == "" {
		return nil
	}
	return []bootstrap.Source{named(pod, g.Namespace, g.Example)}
}

// remade is that pod with what it was made from. What makes others, if anything does, is
// not known, nor as whom.
func remade(g facts.PodGroup) []bootstrap.Source {
	t, known := templates[g.Kind]
	sources := aPod(g)
	if !known {
		return nil
	}
	for n := range sources {
		sources[n].Maker, sources[n].MakerName = t.resource, g.Name
	}
	return sources
}

// counted is the ReplicaSet, the Job or the StatefulSet of the group. A Deployment's ReplicaSet has the
// hash of its template in its name, if all pods are of one.
func counted(g facts.PodGroup, kind string) []bootstrap.Source {
	hash := g.Labels["pod-template-hash"]
	switch {
	case kind == "StatefulSet" && g.Kind == "StatefulSet":
		return []bootstrap.Source{named(statefulSet, g.Namespace, g.Name)}
	case kind == "Job" && g.Kind == "Job":
		return []bootstrap.Source{named(job, g.Namespace, g.Name)}
	case kind == "ReplicaSet" && g.Kind == "ReplicaSet":
		return []bootstrap.Source{named(replicaSet, g.Namespace, g.Name)}
	case kind == "ReplicaSet" && g.Kind == "Deployment" && hash != "":
		return []bootstrap.Source{named(replicaSet, g.Namespace, g.Name+"-"+hash)}
	}
	return nil
}

// groupOf is the group of pods of that name; one without an example where there is none.
func (e examples) groupOf(namespace, name string) facts.PodGroup {
	all, _ := facts.PodGroups.Get(e.s)
	for _, g := range all {
		if g.Namespace == namespace && g.Name == name {
			return g
		}
	}
	return facts.PodGroup{}
}

// groupOfPod is the group that the owner of a backend's pod makes.
func (e examples) groupOfPod(p facts.Pod) facts.PodGroup {
	kind, name, _ := strings.Cut(p.Owner, "/")
	if deployment, ok := strings.CutSuffix(name, "-"+p.Labels["pod-template-hash"]); ok && kind == "ReplicaSet" {
		kind, name = "Deployment", deployment
	}
	return facts.PodGroup{Namespace: p.Namespace, Kind: kind, Name: name, Example: p.Name}
}

// maxSources is how many objects of one sketch are remembered. Where there are more, not
// all of them are looked at.
const maxSources = 64

// alsoFor is w where it stands for the objects of another as well.
//
// What has no object that can be read, beside others that have, stands for one that is not
// looked at.
func alsoFor(w *bootstrap.Write, other bootstrap.Write) {
	unknown := bootstrap.Source{OneOf: true}
	more := other.From
	switch {
	case len(w.From) > 0 && len(more) == 0 && !slices.Contains(w.From, unknown):
		more = []bootstrap.Source{unknown}
	case len(w.From) == 0 && len(more) > 0:
		more = append(slices.Clip(more), unknown)
	}
	w.From = slices.Concat(w.From, more)
	w.From = w.From[:min(len(w.From), maxSources+1)]
}
