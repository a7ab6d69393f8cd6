package cluster

import (
	"regexp"

	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// revision is how many Pods of a Deployment's ReplicaSets are ready now, and were before.
type revision struct{ now, before int32 }

// revisionsOf are those of every Deployment, and of every other controller by itself.
func revisionsOf(s *facts.Snapshot) map[preflight.Subject]revision {
	all := map[preflight.Subject]revision{}
	for _, g := range facts.PodGroups.Of(s) {
		r := all[deploymentOf(g)]
		r.now += g.Ready
		all[deploymentOf(g)] = r
	}
	for _, g := range s.Meta.Before.PodGroups {
		r := all[deploymentOf(g)]
		r.before += g.Ready
		all[deploymentOf(g)] = r
	}
	return all
}

// ofTemplate takes the name of a ReplicaSet apart into that of its Deployment and the hash
// of a template: a number of 32 bits in letters and digits that spell no word
// (k8s.io/apimachinery/pkg/util/rand, SafeEncodeString). Of shorter ones there are next to
// none, and app-2 is no revision of app.
var ofTemplate = regexp.MustCompile(`^(.+)-[bcdfghjklmnpqrstvwxz2456789]{6,10}$`)

// deploymentOf is the Deployment whose Pods these are, for a ReplicaSet by its name, which
// what rolls out in place of a Deployment gives likewise; for others the controller itself.
func deploymentOf(g facts.PodGroup) preflight.Subject {
	c := controllerOf(g)
	if name := ofTemplate.FindStringSubmatch(g.Name); name != nil && g.Kind == "ReplicaSet" {
		c.Kind, c.Name = "Deployment", name[1]
	}
	return c
}
