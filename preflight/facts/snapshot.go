package facts

import (
	"maps"
	"slices"
	"sync"
	"time"
)

// A Snapshot is a set of facts observed at one time. It is safe for concurrent
// use; nothing that is read from it may be changed.
type Snapshot struct {
	// Meta says what was observed, when and by whom.
	Meta Meta

	values  map[string]any
	absent  map[string]Absence
	derived sync.Map
}

// Meta describes a snapshot as a whole.
type Meta struct {
	// Tool is the version of gke-preflight that recorded the snapshot.
	Tool string `json:"tool"`
	// CollectedAt is when it was seen. How long a state lasts that was seen, such as
	// that of a node which is not ready, counts up to then: what came after was not seen.
	CollectedAt time.Time `json:"collectedAt"`
	// AsOf is the time of the run. What the calendar alone decides counts from it: the
	// ends of certificates, of support, of exclusions, and the age of what was seen.
	// Zero stands for CollectedAt. It is of a run and not of the cluster: no recording
	// has it.
	AsOf time.Time `json:"-"`
	// Cluster says which cluster was observed.
	Cluster Cluster `json:"cluster"`
	// Target is the version that the control plane would be upgraded to, such as
	// 1.36.3-gke.100; empty if none was asked for and none is known.
	Target string `json:"target,omitempty"`
	// TargetOrigin says in words where Target comes from.
	TargetOrigin string `json:"targetOrigin,omitempty"`
	// UpgradeTimeoutSeconds is how long the pipeline waits that makes the upgrade;
	// zero where that was not said.
	UpgradeTimeoutSeconds int64 `json:"upgradeTimeoutSeconds,omitempty"`
	// UpgradeTimeoutMostSeconds is set where the pipeline may wait for longer than
	// UpgradeTimeoutSeconds: it is not known, and this is the most.
	UpgradeTimeoutMostSeconds int64 `json:"upgradeTimeoutMostSeconds,omitempty"`
	// PoolChanges are what the pipeline does to node pools; empty where that was not
	// said, or is nothing.
	PoolChanges []PoolChange `json:"poolChanges,omitempty"`
	// NodesAlone says that the control plane is left as it is: nodes alone are upgraded.
	NodesAlone bool `json:"nodesAlone,omitempty"`
	// Before is what ran before; nil where no recording of that was given.
	Before *Before `json:"before,omitempty"`
	// Identity is the Kubernetes user that read the facts; empty if unknown.
	Identity string `json:"identity,omitempty"`
	// PerEndpoint says that the endpoints of a Service were asked one by one, so that
	// the answer of one says nothing of another. Recordings of earlier versions, where
	// it is false, have the answer of one for all of them.
	PerEndpoint bool `json:"perEndpoint,omitempty"`
	// NodeWrites says that webhooks were asked about the writes that an upgrade of nodes
	// needs. In recordings of earlier versions, where it is false, nobody was.
	NodeWrites bool `json:"nodeWrites,omitempty"`
	// Unapplied are the configurations and policies, as kind and name with a blank between,
	// that a manifest was taken from, so that what the API server was seen to let pass has
	// not met them. No recording has it.
	Unapplied []string `json:"-"`
}

// A PoolChange is what a pipeline does to one node pool, whose nodes are made anew.
type PoolChange struct {
	Name string `json:"name"`
	// Version is what the nodes are to run, as the GKE API takes it: a version, the
	// beginning of one, latest, or - for the control plane's. Empty where they keep theirs.
	Version string `json:"version,omitempty"`
	// From is what they run as the pipeline has it, which may be behind; empty where it
	// does not say.
	From string `json:"from,omitempty"`
	// BeforeControlPlane holds where the control plane is upgraded too, and after it.
	BeforeControlPlane bool `json:"beforeControlPlane,omitempty"`
	// TimeoutSeconds is how long the pipeline waits at least, and TimeoutMostSeconds
	// at most; both are zero where that is not known.
	TimeoutSeconds     int64 `json:"timeoutSeconds,omitempty"`
	TimeoutMostSeconds int64 `json:"timeoutMostSeconds,omitempty"`
}

// Now is the time from which dates count: AsOf, or CollectedAt where that is zero.
func (m Meta) Now() time.Time {
	if m.AsOf.IsZero() {
		return m.CollectedAt
	}
	return m.AsOf
}

// Age is how old at that time is what was seen; zero for what is not older.
func (m Meta) Age() time.Duration { return max(0, m.Now().Sub(m.CollectedAt)) }

// Cluster names a cluster. Project and Location are empty for one that is not
// known to be on GKE; Name is then the kubeconfig context's.
type Cluster struct {
	Name     string `json:"name"`
	Location string `json:"location,omitempty"`
	Project  string `json:"project,omitempty"`
}

// An Observation is the outcome of reading one fact: a value, or why there is none.
type Observation struct {
	Fact    Fact
	Value   any
	Absence Absence
}

// Present returns the observation that k has value v.
func Present[T any](k Key[T], v T) Observation { return Observation{Fact: k, Value: v} }

// Absent returns the observation that f could not be read.
func Absent(f Fact, reason Reason, detail string) Observation {
	return Observation{Fact: f, Absence: Absence{reason, detail}}
}

// New returns a snapshot of the observations. A later observation of a fact
// replaces an earlier one.
func New(m Meta, observations ...Observation) *Snapshot {
	return (&Snapshot{Meta: m}).With(observations...)
}

// Observed is [New] for what a cluster answered. An answer of nothing, where each
// cluster has some, is none: the fact is absent, as [Failed].
func Observed(m Meta, observations ...Observation) *Snapshot {
	s := New(m)
	for _, o := range observations {
		s.hold(o.believed())
	}
	return s
}

// believed is o, or that it could not be had where it is an answer that no cluster gives.
func (o Observation) believed() Observation {
	if o.Absence == (Absence{}) && o.Fact.hollow(o.Value) {
		return Absent(o.Fact, Failed, "the answer lacks what no cluster is without")
	}
	return o
}

// With returns a copy of s to which the observations are added. What was derived from
// other facts than these it shares with s.
func (s *Snapshot) With(observations ...Observation) *Snapshot {
	c := s.copied()
	for _, o := range observations {
		c.hold(o)
	}
	s.derived.Range(func(d, once any) bool {
		if d.(derivation).unaffectedBy(observations) {
			c.derived.Store(d, once)
		}
		return true
	})
	return c
}

func (s *Snapshot) copied() *Snapshot {
	c := &Snapshot{Meta: s.Meta, values: map[string]any{}, absent: map[string]Absence{}}
	maps.Copy(c.values, s.values)
	maps.Copy(c.absent, s.absent)
	return c
}

// hold takes o in, in place of an earlier observation of its fact.
func (s *Snapshot) hold(o Observation) {
	id := o.Fact.ID()
	delete(s.values, id)
	delete(s.absent, id)
	if o.Absence == (Absence{}) {
		s.values[id] = o.Value
	} else {
		s.absent[id] = o.Absence
	}
}

// WithMeta returns a copy of s with other metadata.
func (s *Snapshot) WithMeta(m Meta) *Snapshot {
	c := s.copied()
	c.Meta = m
	return c
}

// Absence reports whether f is missing from s, and why.
func (s *Snapshot) Absence(f Fact) (Absence, bool) {
	if _, ok := s.values[f.ID()]; ok {
		return Absence{}, false
	}
	if a, ok := s.absent[f.ID()]; ok {
		return a, true
	}
	return Absence{NotCollected, "the snapshot does not hold it"}, true
}

// Value returns the value of f as recorded, or false where it is absent.
func (s *Snapshot) Value(f Fact) (any, bool) {
	v, ok := s.values[f.ID()]
	return v, ok
}

// A Derivation is a value computed from a snapshot alone, once per snapshot.
type Derivation[T any] struct {
	// Compute is the pure function.
	Compute func(*Snapshot) T
	// From returns all facts that Compute reads beside the metadata; nil for any.
	From func() []Fact
}

// A derivation is one of values of some type.
type derivation interface {
	// unaffectedBy reports whether the value stays the same with other observations.
	unaffectedBy([]Observation) bool
}

func (d *Derivation[T]) unaffectedBy(observations []Observation) bool {
	if d.From == nil {
		return false
	}
	from := d.From()
	return !slices.ContainsFunc(observations, func(o Observation) bool {
		return slices.ContainsFunc(from, func(f Fact) bool { return f.ID() == o.Fact.ID() })
	})
}

// Of returns the derived value, computing it at the first call for s.
func (d *Derivation[T]) Of(s *Snapshot) T {
	once, _ := s.derived.LoadOrStore(d, sync.OnceValue(func() T { return d.Compute(s) }))
	return once.(func() T)()
}

// Given returns a copy of s for which the derived value is v, whatever would be computed.
func (d *Derivation[T]) Given(s *Snapshot, v T) *Snapshot {
	c := s.copied()
	c.derived.Store(d, func() T { return v })
	return c
}
