package whatif

import (
	"cmp"
	"slices"
)

// Limits of the search. Three events at the same time are no forecast any more.
const (
	largest  = 2
	mostSets = 200_000
)

// A search goes through sets of events, the smallest first.
type search struct {
	m      *model
	events []Event
	tried  int
	given  bool
	// alone is what each event does by itself, by the event's index.
	alone [][]Harm
	// risks has one entry for each backend of the model.
	risks []Risk
}

func (m *model) search() *search {
	s := &search{m: m, events: m.events(), risks: make([]Risk, len(m.backends))}
	for _, e := range s.events {
		s.alone = append(s.alone, s.try([]Event{e}, nil))
		s.tried++
	}
	s.pairs()
	return s
}

// pairs tries what two events do together that neither does alone. Two that
// cannot take all endpoints of any backend between them are not tried, nor is a
// node or a zone in place of what a pod alone would do.
func (s *search) pairs() {
	reach := make([][]int, len(s.events))
	for n, e := range s.events {
		for _, b := range s.m.backends {
			reach[n] = append(reach[n], s.m.touches(e, b))
		}
	}
	for i := range s.events {
		for j := i + 1; j < len(s.events); j++ {
			if !s.enough(reach[i], reach[j], s.helps(i, j) || s.helps(j, i)) {
				continue
			}
			if s.tried == mostSets {
				s.given = true
				return
			}
			s.tried++
			s.try([]Event{s.events[i], s.events[j]}, join(s.alone[i], s.alone[j]))
		}
	}
}

// helps reports whether an upgrade may go further because of what the other event
// does elsewhere: nobody answers for a webhook.
func (s *search) helps(upgrade, other int) bool {
	return s.events[upgrade].Kind == PoolUpgrade && len(s.alone[other]) > 0
}

// enough reports whether two events may take all of a backend's endpoints between
// them. Each must have a part in it, unless one helps the other.
func (s *search) enough(a, b []int, helps bool) bool {
	for n, backend := range s.m.backends {
		if len(backend.pods) > 0 && a[n]+b[n] >= len(backend.pods) && (helps || a[n] > 0 && b[n] > 0) {
			return true
		}
	}
	return false
}

// try files what the events do beyond what fewer of them do, and returns all of it.
func (s *search) try(events []Event, fewer []Harm) []Harm {
	var all []Harm
	for _, goals := range s.goals(events) {
		st := s.m.after(events, goals)
		if st == nil {
			continue
		}
		var harm []Harm
		for _, n := range st.silentWebhooks() {
			harm = join(harm, s.m.webhooks[n].harm)
		}
		all = join(all, harm)
		for i := range s.m.backends {
			if mine := s.blame(st, i, fewer); len(mine) > 0 {
				s.file(i, goals, events, st, mine)
			}
		}
	}
	return all
}

// goals are the backends that upgrades among the events may hit first: none, each
// and any two at the same time.
func (s *search) goals(events []Event) [][]int {
	goals := [][]int{nil}
	var hit []int
	for i, b := range s.m.backends {
		if slices.ContainsFunc(events, func(e Event) bool { return e.Kind == PoolUpgrade && s.m.touches(e, b) > 0 }) {
			hit = append(hit, i)
		}
	}
	for n, i := range hit {
		goals = append(goals, []int{i})
		for _, j := range hit[:n] {
			goals = append(goals, []int{j, i})
		}
	}
	return goals
}

// blame is the new harm that comes by backend i.
func (s *search) blame(st *state, i int, fewer []Harm) []Harm {
	var mine []Harm
	for _, n := range s.m.backends[i].webhooks {
		if st.gone[i] || st.expired[n] {
			mine = join(mine, s.m.webhooks[n].harm)
		}
	}
	return without(mine, fewer)
}

// file keeps the scenario if no smaller one of the same backend is known. The
// first way that is found to it is kept, and the one that takes the backend
// itself rather than another first.
func (s *search) file(i int, goals []int, events []Event, st *state, harms []Harm) {
	r := &s.risks[i]
	if r.Size == 0 {
		r.Size = len(events)
	}
	if len(events) > r.Size {
		return
	}
	made := st.scenario(events, i, harms)
	at := slices.IndexFunc(r.Scenarios, func(o Scenario) bool { return slices.Equal(o.Events, events) })
	switch {
	case at < 0:
		r.Scenarios = append(r.Scenarios, made)
	case len(goals) == 1 && goals[0] == i:
		r.Scenarios[at] = made
	}
}

// found are the risks that are any, the gravest first.
func (s *search) found() []Risk {
	rs := []Risk{}
	for i, r := range s.risks {
		if len(r.Scenarios) == 0 {
			continue
		}
		b := s.m.backends[i]
		r.Backend, r.Endpoints = b.name, b.places
		for _, n := range b.webhooks {
			r.Webhooks = append(r.Webhooks, s.m.webhooks[n].Webhook)
		}
		if r.Size > 1 {
			r.Scenarios = smallest(s.m, r.Scenarios)
		}
		rs = append(rs, r)
	}
	slices.SortStableFunc(rs, func(a, b Risk) int {
		return cmp.Or(-compareBool(a.Grave(), b.Grave()), cmp.Compare(a.Size, b.Size))
	})
	return rs
}
