package whatif

import (
	"fmt"
	"slices"
	"time"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/forecast"
	"github.com/gke-preflight/gke-preflight/preflight/window"
)

// Needs returns the facts without which there is nothing to search.
func Needs() []facts.Fact {
	return []facts.Fact{facts.ValidatingWebhooks, facts.MutatingWebhooks, facts.Services, facts.Endpoints}
}

// Uses returns the facts without which part of the search is left out.
func Uses() []facts.Fact {
	return []facts.Fact{facts.Attempts, facts.BackendPods, facts.DisruptionBudgets, facts.Nodes, facts.GKENodePools, facts.GKECluster, facts.PodGroups, facts.NetworkPlugins}
}

// month is for how many days certificates must last where no maintenance window tells.
const month = 30

// Of searches the cluster that s was taken of. It is computed once per snapshot.
func Of(s *facts.Snapshot) Result { return derivation.Of(s) }

var derivation = &facts.Derivation[Result]{Compute: compute}

func compute(s *facts.Snapshot) Result {
	f := forecast.Of(s)
	r := Result{
		Schema: Schema, Cluster: s.Meta.Cluster, TargetVersion: s.Meta.Target, CollectedAt: s.Meta.CollectedAt, AsOf: s.Meta.Now(),
		Already: harmsOf(f), Risks: []Risk{}, Gaps: []string{}, Largest: largest, Complete: true,
	}
	if r.Already == nil {
		r.Already = []Harm{}
	}
	r.Until, r.UntilReason = window.Horizon(s, month)
	r.Gaps = append(r.Gaps, gaps(s, f)...)
	if unsearchable(s) {
		r.Complete, r.Upgrades = false, unsearched(s)
		r.Verdict = r.judge()
		return r
	}
	m := modelOf(s, r)
	found := m.search()
	r.Risks, r.Tried, r.Complete = found.found(), found.tried, !found.given
	if found.given {
		r.Gaps = append(r.Gaps, fmt.Sprintf("the search was given up after %d sets of events", found.tried))
	}
	r.Gaps = append(r.Gaps, m.gaps...)
	r.Upgrades = m.upgrades()
	r.Verdict = r.judge()
	return r
}

func modelOf(s *facts.Snapshot, r Result) *model {
	m := &model{s: s, today: r.Already, until: r.Until, webhooks: failClosed(s)}
	m.attempts, _ = facts.Attempts.Get(s)
	for n := range m.webhooks {
		m.webhooks[n].harm = m.harmOf(m.webhooks[n])
	}
	m.addBackends()
	m.addEndpoints()
	m.addPools()
	m.addRooms()
	m.unseen()
	return m
}

func (r Result) judge() Verdict {
	if grave(r.Already) {
		return Endangered
	}
	for _, k := range r.Risks {
		if k.Size == 1 && k.Grave() {
			return Endangered
		}
	}
	single := slices.ContainsFunc(r.Risks, func(k Risk) bool { return k.Size == 1 })
	switch {
	case len(r.Gaps) > 0 || !r.Complete:
		return Undecided
	case single || len(r.Already) > 0:
		return Exposed
	case len(r.Risks) > 0:
		return Tolerant
	}
	return Robust
}

// Within is r if what was seen is not older than age, of which zero is any; otherwise
// its age is a gap.
func (r Result) Within(age time.Duration) Result {
	old := r.AsOf.Sub(r.CollectedAt)
	if age > 0 && old > age {
		r.Gaps = append(slices.Clone(r.Gaps), fmt.Sprintf("the cluster was seen %s ago, which is longer than the %s of --max-age", span(old), span(age)))
		r.Verdict = r.judge()
	}
	return r
}

func unsearchable(s *facts.Snapshot) bool {
	for _, f := range Needs() {
		if _, absent := s.Absence(f); absent {
			return true
		}
	}
	return false
}
