// Package outage tells what becomes of a cluster when the forecast of its
// control plane, or of its nodes' heartbeats, is bad: what follows when, what is
// lost with it, and what would stop it. It is a pure function of a recording.
package outage

import (
	"cmp"
	"time"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/forecast"
)

// An Event is a kind of moment.
type Event string

const (
	// UpgradeBegins: the first API server is taken away to be upgraded.
	UpgradeBegins Event = "upgrade-begins"
	// ReplicaFails: the new API server exits, or does not get ready.
	ReplicaFails Event = "replica-fails"
	// APILost: no API server answers any more.
	APILost Event = "api-lost"
	// HeartbeatsLost: the API server answers and rejects the nodes' heartbeats.
	HeartbeatsLost Event = "heartbeats-lost"
	// RenewalsFail: kubelets can't renew their leases.
	RenewalsFail Event = "renewals-fail"
	// NodesNotReady: nodes count as not ready.
	NodesNotReady Event = "nodes-not-ready"
	// PodsEvicted: pods are deleted from nodes that are not ready.
	PodsEvicted Event = "pods-evicted"
	// RepairBegins: auto-repair drains the first nodes.
	RepairBegins Event = "repair-begins"
	// NodesDeleted: drains have reached their limit, and nodes are deleted.
	NodesDeleted Event = "nodes-deleted"
	// RepairRepeats: nodes that were recreated are repaired again.
	RepairRepeats Event = "repair-repeats"
)

// A Span is a time of at least Min seconds; Max is nil where nothing bounds it
// that is known.
type Span struct {
	Min float64  `json:"min"`
	Max *float64 `json:"max"`
}

// A Moment is a step of what follows.
type Moment struct {
	Event Event `json:"event"`
	// Since is the event that AfterSeconds counts from.
	Since Event `json:"since"`
	// AfterSeconds is nil where it is not known when, or whether, it comes to this.
	AfterSeconds *Span `json:"afterSeconds"`
	// Scope says what it happens to: the control plane, nodes, pods or node pools.
	Scope string `json:"scope"`
	Text  string `json:"text"`
	// Source is the documentation, or the upstream file and function, that says so.
	Source string `json:"source"`
	// Affected is what is hit; empty where that is everything or not known.
	Affected []Affected `json:"affected,omitempty"`
}

// Affected are objects that are hit.
type Affected struct {
	What  string `json:"what"`
	Count int    `json:"count"`
	// Names are the first few.
	Names []string `json:"names,omitempty"`
}

// A Stop is something that would end the outage or keep nodes out of it.
type Stop struct {
	// Does says what it does and when it can be done.
	Does    string `json:"does"`
	Command string `json:"command"`
}

// An Outage is what follows; the zero value means that nothing does.
type Outage struct {
	// Timeline is in the order of what comes of what.
	Timeline []Moment `json:"timeline,omitempty"`
	Stop     []Stop   `json:"stop,omitempty"`
}

// Of returns what follows from f, which is a forecast of s.
func Of(s *facts.Snapshot, f forecast.Forecast) Outage {
	o := Outage{Timeline: []Moment{}}
	since := APILost
	switch {
	case f.ControlPlane.Outcome.Fails():
		o.Timeline, since = controlPlane(s, f.ControlPlane)
	case heartbeatsLost(f):
		since = HeartbeatsLost
		o.Timeline = append(o.Timeline, Moment{HeartbeatsLost, HeartbeatsLost, exactly(0), "nodes", "the API server answers and rejects the leases that kubelets renew", "kubernetes pkg/kubelet/kubelet.go", nil})
	default:
		return o
	}
	culprits := culpritsOf(f)
	o.Timeline = append(o.Timeline, nodes(s, f, since, culprits)...)
	o.Stop = stops(s, f, culprits)
	return o
}

// Chain is the timeline from the loss of the API on, without what comes at no time that
// is known; nil where the API is not lost.
func (o Outage) Chain() []forecast.Event {
	var chain []forecast.Event
	for _, m := range o.Timeline {
		switch {
		case m.Event == APILost:
			chain = append(chain, forecast.Event{Text: cmp.Or(m.Text, "no API server answers any more"), Source: m.Source})
		case m.Since == APILost && m.AfterSeconds != nil:
			chain = append(chain, forecast.Event{AfterSeconds: int(m.AfterSeconds.Min), Text: m.Text, Source: m.Source})
		}
	}
	return chain
}

func exactly(n float64) *Span { return &Span{n, &n} }

func between(low, high time.Duration) *Span {
	most := high.Seconds()
	return &Span{low.Seconds(), &most}
}

func from(least time.Duration) *Span { return &Span{Min: least.Seconds()} }
