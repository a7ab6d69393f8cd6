// Package lifeline knows what a cluster lives by while its control plane is
// upgraded, apart from the control plane's own start: the writes of kubelets,
// controllers and add-ons whose loss takes the cluster down.
package lifeline

import (
	"time"

	"github.com/gke-preflight/gke-preflight/preflight/bootstrap"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/version"
)

// A Group says which lines are lost together, as far as a reader is concerned.
type Group string

const (
	// Heartbeats: what nodes tell of themselves.
	Heartbeats Group = "heartbeats"
	// Elections: the leases by which controllers elect their leader.
	Elections Group = "leader-elections"
	// SystemPods: pods of kube-system.
	SystemPods Group = "system-pods"
	// BackendPods: pods of the namespaces that webhooks are served from.
	BackendPods Group = "backend-pods"
	// Joining: what a new node, or a new pod on it, needs.
	Joining Group = "joining"
	// Controllers: what controllers write all the time.
	Controllers Group = "controllers"
	// Addons: what GKE's add-on manager applies.
	Addons Group = "add-ons"
	// Reviews: how kubelets and aggregated API servers learn who somebody is and
	// what he may do.
	Reviews Group = "reviews"
	// Drains: what empties a node.
	Drains Group = "drains"
	// Volumes: what lets a new node have volumes, and moves them to it.
	Volumes Group = "volumes"
	// Workloads: what brings the pods of other namespaces back on another node.
	Workloads Group = "workloads"
)

// OfNodes reports whether an upgrade of nodes needs the lines, and that of the control
// plane does not.
func (g Group) OfNodes() bool { return g == Drains || g == Volumes || g == Workloads }

// Groups are all groups, in the order of the lines.
func Groups() []Group {
	return []Group{Heartbeats, Elections, SystemPods, BackendPods, Joining, Controllers, Addons, Reviews, Drains, Volumes, Workloads}
}

// A Line is one thing that the cluster lives by.
type Line struct {
	Group Group
	// Name is in words, such as "node leases".
	Name string
	// Namespace is that of the pods of [BackendPods]; empty for other lines.
	Namespace string
	// Deadline is how long the client waits for one write; zero where only the
	// server's 34 s bound it.
	Deadline time.Duration
	// Consequence is what follows when the writes fail, Cited what says so.
	Consequence, Cited string
	// Source is the upstream file and function that the client and its deadline
	// are read from.
	Source string
	// Since is the first minor that makes the writes, such as 1.37; empty if every
	// known one does.
	Since string
	// Until is the last minor in which webhooks see the writes, such as 1.36;
	// empty if they do in every known one. What is matched is the target.
	Until string
	// Unknown says why the writes, or some, could not be worked out; empty if they could.
	Unknown string
	// Writes are examples, one of each kind by each user, or more where others see them. Of objects that differ
	// from cluster to cluster they are sketches: see [bootstrap.Write].
	Writes []bootstrap.Write
}

// Needs returns the facts from which the examples are drawn. Without nodes an
// example has a made-up node, which webhooks hardly tell apart; without the
// others a line says what is not known. What the lines of [Group.OfNodes] need more is
// in [NodeNeeds].
func Needs() []facts.Fact {
	return []facts.Fact{facts.Nodes, facts.Services, facts.BackendPods, facts.ValidatingWebhooks, facts.MutatingWebhooks}
}

// NodeNeeds are the facts from which the examples of further namespaces are drawn.
func NodeNeeds() []facts.Fact {
	return []facts.Fact{facts.PodGroups, facts.NetworkPlugins, facts.DisruptionBudgets}
}

// Of returns the lines of the cluster that s was taken of. It is computed once
// per snapshot.
//
// One node stands for all nodes, kube-dns for the Services of kube-system, and one pod for
// all of a webhook's backend. Of other pods there is one for all that the same controller
// makes and the same webhooks and policies see, whatever their namespaces. A label that an
// example does not carry is not known rather than absent, unless all are known:
// see [bootstrap.Labels]. Not modelled are mirror pods, without which static pods
// run all the same. What a recording of an earlier version asked no webhook about is left
// out, but for what only an upgrade of nodes needs, and for what a policy sees.
func Of(s *facts.Snapshot) []Line { return derivation.Of(s) }

var derivation = &facts.Derivation[[]Line]{Compute: compute}

func compute(s *facts.Snapshot) []Line {
	e := examplesOf(s)
	var lines []Line
	for _, r := range table() {
		if r.Since != "" && !(version.Change{Since: r.Since}).In(s.Meta.Target) {
			continue
		}
		switch {
		case r.writes != nil:
			r.Writes = labelled(r.Name, r.writes(e))
			lines = append(lines, r.Line)
		case r.sampled != nil:
			l := r.sampled(e, r.Line)
			needed := l.Writes != nil || l.Unknown != ""
			if needed && (l.Group.OfNodes() || s.Meta.NodeWrites || e.policySees(l.Writes)) {
				lines = append(lines, l)
			}
		default:
			lines = append(lines, e.backendPods(r.Line)...)
		}
	}
	return lines
}

func labelled(name string, ws []bootstrap.Write) []bootstrap.Write {
	for n := range ws {
		ws[n].Hook = name
	}
	return ws
}
