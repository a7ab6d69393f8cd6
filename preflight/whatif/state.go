package whatif

import (
	"slices"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// A state is what a set of events makes of the cluster.
type state struct {
	m *model
	// lost are the pods that are gone, by index, with how they went.
	lost map[int]cause
	// expired are the webhooks whose certificate is not good any more.
	expired map[int]bool
	// gone are the backends without a ready endpoint, stuck those of them that
	// nothing brings back.
	gone, stuck map[int]bool
	// spent are the nodes that upgrades have reached in their turn.
	spent  map[string]bool
	events []Event
	// through says that the upgrades have replaced all nodes of their pools by such as
	// get no network.
	through bool
}

// A cause says how a pod went: by which event, and on an upgrade in which way.
type cause struct {
	event Event
	way   way
}

type way int

const (
	// withPlace: the pod, its node or its zone is lost.
	withPlace way = iota
	// evicted: nothing holds its eviction up.
	evicted
	// permitted: its budget allows the eviction.
	permitted
	// forced: its budget never allows it, and the node goes after the drain's wait.
	forced
	// unreplaced: it goes in its turn, and what went before it has no replacement.
	unreplaced
)

// after returns what becomes of the cluster when the events happen together. An
// upgrade takes those nodes first that hold pods of the goals, which are
// backends by index. It returns nil where no upgrade can take them all.
func (m *model) after(events []Event, goals []int) *state {
	s := &state{m: m, lost: map[int]cause{}, expired: map[int]bool{}, spent: map[string]bool{}, events: events}
	for _, e := range events {
		s.strike(e)
	}
	var upgrades []Event
	for _, e := range events {
		if e.Kind == PoolUpgrade {
			upgrades = append(upgrades, e)
		}
	}
	if goals != nil && !s.drain(upgrades, goals) {
		return nil
	}
	for {
		s.settle()
		if !s.goOn(upgrades) {
			return s
		}
	}
}

// strike takes away what the event takes at once.
func (s *state) strike(e Event) {
	for n, p := range s.m.pods {
		hit := false
		switch e.Kind {
		case PodLoss:
			hit = e.Name == p.namespace+"/"+p.name
		case NodeLoss:
			hit = e.Name == p.node
		case ZoneLoss:
			hit = e.Name == p.zone
		case PoolUpgrade, Expiry:
		}
		if _, already := s.lost[n]; hit && !already {
			s.lost[n] = cause{e, withPlace}
		}
	}
	if e.Kind != Expiry {
		return
	}
	for n, w := range s.m.webhooks {
		if e.Name == w.backend || e.Name == w.bundleName() {
			s.expired[n] = true
		}
	}
}

// drain lets the upgrades take those of the goals' pods that are left, if that
// many nodes are drained at a time and the budgets allow it; otherwise nothing,
// and it returns false.
func (s *state) drain(upgrades []Event, goals []int) bool {
	taken := map[int]cause{}
	evictions := map[int]int{}
	for _, e := range upgrades {
		nodes := map[string]bool{}
		for _, n := range s.m.podsOf(goals) {
			p := s.m.pods[n]
			if _, gone := s.lost[n]; gone || p.pool != e.Name {
				continue
			}
			nodes[p.node] = true
			if len(nodes) > s.m.pools[e.Name].atOnce {
				return false
			}
			w := s.m.wayOut(p)
			if w == permitted {
				evictions[p.budget]++
			}
			taken[n] = cause{e, w}
		}
	}
	for b, n := range evictions {
		if n > s.allowed(b) {
			return false
		}
	}
	for n, c := range taken {
		s.lost[n] = c
	}
	s.alongside(evictions)
	return true
}

// podsOf are the pods of the backends, each once.
func (m *model) podsOf(backends []int) []int {
	var ns []int
	seen := map[int]bool{}
	for _, i := range backends {
		for _, n := range m.backends[i].pods {
			if !seen[n] {
				seen[n] = true
				ns = append(ns, n)
			}
		}
	}
	return ns
}

// alongside takes what else is on the drained nodes: what nothing holds, and as
// many as their budgets still allow.
func (s *state) alongside(evictions map[int]int) {
	drained := map[string]Event{}
	for n, c := range s.lost {
		if c.event.Kind == PoolUpgrade {
			drained[s.m.pods[n].node] = c.event
		}
	}
	for n, p := range s.m.pods {
		e, on := drained[p.node]
		if _, gone := s.lost[n]; gone || !on {
			continue
		}
		w := s.m.wayOut(p)
		if w == permitted {
			if evictions[p.budget] >= s.allowed(p.budget) {
				continue
			}
			evictions[p.budget]++
		}
		s.lost[n] = cause{e, w}
	}
}

// wayOut is how a drain gets rid of a pod.
func (m *model) wayOut(p pod) way {
	switch {
	case p.daemon || p.budget < 0:
		return evicted
	case p.several || m.budget(p).DisruptionsAllowed <= 0:
		return forced
	}
	return permitted
}

func (m *model) budget(p pod) facts.DisruptionBudget {
	return facts.DisruptionBudgets.Of(m.s)[p.budget]
}

// allowed is how many evictions the budget allows beside what is lost otherwise.
func (s *state) allowed(budget int) int {
	n := int(facts.DisruptionBudgets.Of(s.m.s)[budget].DisruptionsAllowed)
	for i, c := range s.lost {
		if s.m.pods[i].budget == budget && c.way == withPlace {
			n--
		}
	}
	return max(n, 0)
}

// settle works out which backends are gone, and which of them for good.
func (s *state) settle() {
	s.gone, s.stuck = map[int]bool{}, map[int]bool{}
	for i, b := range s.m.backends {
		if len(b.pods) > 0 && !slices.ContainsFunc(b.pods, func(n int) bool { _, gone := s.lost[n]; return !gone }) {
			s.gone[i], s.stuck[i] = true, true
		}
	}
	for again := true; again; {
		again = false
		for i := range s.m.backends {
			if s.stuck[i] && s.returns(s.m.backends[i]) {
				delete(s.stuck, i)
				again = true
			}
		}
	}
}

// returns reports whether something replaces one of b's pods, as far as is known.
func (s *state) returns(b backend) bool {
	if s.barred(b.namespace) {
		return false
	}
	return slices.ContainsFunc(b.pods, func(n int) bool { return !s.m.pods[n].bare && s.placed(n) })
}

// barred reports whether no pod of the namespace can be created: for good, or
// already today.
func (s *state) barred(namespace string) bool {
	return s.blocker(namespace) >= 0 || slices.ContainsFunc(s.m.today, func(h Harm) bool { return h.Namespace != "" && h.Namespace == namespace })
}

// blocker is the webhook that keeps pods of the namespace from being created for
// good, as an index; -1 if there is none.
func (s *state) blocker(namespace string) int {
	for n, w := range s.m.webhooks {
		if s.silent(n, s.stuck) && w.blocks(namespace) {
			return n
		}
	}
	return -1
}

// silent reports whether nobody answers for the webhook, given the backends that
// are down.
func (s *state) silent(webhook int, down map[int]bool) bool {
	if s.expired[webhook] {
		return true
	}
	for i := range down {
		if slices.Contains(s.m.backends[i].webhooks, webhook) {
			return true
		}
	}
	return false
}

// goOn lets the upgrades reach the rest of their pools: what went is replaced
// before its neighbours go, unless nothing can replace it or no node takes it. What was on
// a node that went in an earlier round has been replaced by then. It reports whether
// that took anything.
func (s *state) goOn(upgrades []Event) bool {
	var nodes []string
	barred := map[string]bool{}
	if len(upgrades) > 0 {
		for _, b := range s.m.backends {
			barred[b.namespace] = s.barred(b.namespace)
		}
	}
	changed := s.passThrough(upgrades)
	for _, e := range upgrades {
		for n, p := range s.m.pods {
			if _, gone := s.lost[n]; gone || p.pool != e.Name || s.spent[p.node] {
				continue
			}
			if p.bare || barred[p.namespace] || s.through && !s.placed(n) {
				s.lost[n] = cause{e, unreplaced}
				nodes = append(nodes, p.node)
			}
		}
	}
	for _, n := range nodes {
		s.spent[n] = true
	}
	return changed || nodes != nil
}

// silentWebhooks are those that nobody answers for, as indexes in order.
func (s *state) silentWebhooks() []int {
	var ns []int
	for n := range s.m.webhooks {
		if s.silent(n, s.gone) {
			ns = append(ns, n)
		}
	}
	return ns
}
