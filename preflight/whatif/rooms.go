package whatif

import (
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/lifeline"
)

// A room is a node that takes pods. One that is closed takes none of other node pools.
type room struct {
	node, zone string
	closed     bool
}

// addRooms finds the nodes on which pods find a place, where that may matter: a webhook
// keeps new nodes without a network when nobody answers for it, or they get none today.
func (m *model) addRooms() {
	nodes, known := facts.Nodes.Get(m.s)
	if !known || !m.noNetworkToday() && !slices.ContainsFunc(m.webhooks, webhook.keepsNetwork) {
		return
	}
	m.rooms = map[string][]room{}
	for _, n := range nodes {
		if !n.Unschedulable {
			closed := slices.ContainsFunc(n.Taints, func(t facts.NodeTaint) bool { return t.Effect != string(corev1.TaintEffectPreferNoSchedule) })
			m.rooms[n.Pool] = append(m.rooms[n.Pool], room{n.Name, n.Zone, closed})
		}
	}
}

func networkHarm(h Harm) bool { return h.Lifeline == lifeline.Network }

func (m *model) noNetworkToday() bool { return slices.ContainsFunc(m.today, networkHarm) }

// keepsNetwork reports whether new nodes get no network while nobody answers for w.
func (w webhook) keepsNetwork() bool { return slices.ContainsFunc(w.harm, networkHarm) }

// isolator is the webhook for want of which new nodes get no network for good, as an index;
// -1 if there is none.
func (s *state) isolator() int {
	for n, w := range s.m.webhooks {
		if w.keepsNetwork() && s.silent(n, s.stuck) {
			return n
		}
	}
	return -1
}

// placed reports whether a node takes the replacement of a pod: a new one that gets its
// network, or one that is left.
func (s *state) placed(n int) bool {
	p := s.m.pods[n]
	if s.m.rooms == nil || p.node == "" || !s.m.noNetworkToday() && s.isolator() < 0 {
		return true
	}
	if p.daemon {
		return p.hostNetwork || !s.takes(p)
	}
	for pool := range s.m.rooms {
		if s.left(pool, p.pool) > 0 {
			return true
		}
	}
	return false
}

// unplaced reports whether something would replace a pod of b, and no node takes it.
func (s *state) unplaced(b backend) bool {
	return slices.ContainsFunc(b.pods, func(n int) bool { return !s.m.pods[n].bare && !s.placed(n) })
}

// takes reports whether the events take the pod's node, with no new one before.
func (s *state) takes(p pod) bool {
	return slices.ContainsFunc(s.events, func(e Event) bool {
		switch e.Kind {
		case NodeLoss:
			return e.Name == p.node
		case ZoneLoss:
			return e.Name == p.zone
		case PoolUpgrade:
			return e.Name == p.pool && (s.m.pools[e.Name].takesFirst || s.left(p.pool, p.pool) <= 0)
		case PodLoss, Expiry:
		}
		return false
	})
}

// left is how many nodes of the pool take a pod from another, or its own, while the events
// happen: those that are not lost, and where an upgrade takes nodes before it adds any,
// not as many as it takes at a time.
func (s *state) left(pool, from string) int {
	n := 0
	for _, r := range s.m.rooms[pool] {
		lost := slices.ContainsFunc(s.events, func(e Event) bool {
			return e.Kind == NodeLoss && e.Name == r.node || e.Kind == ZoneLoss && e.Name == r.zone
		})
		if !lost && (!r.closed || pool == from) {
			n++
		}
	}
	for _, e := range s.events {
		switch p := s.m.pools[e.Name]; {
		case e.Kind != PoolUpgrade || e.Name != pool:
		case s.through && (p.takesFirst || s.isolatedBefore(e)):
			return 0
		case p.takesFirst:
			n -= p.atOnce
		}
	}
	return n
}

// isolatedBefore reports whether new nodes may have got no network since before the
// upgrade began. Where it took a pod of each backend by which that is, the nodes that it
// added at first have one.
func (s *state) isolatedBefore(upgrade Event) bool {
	if s.m.noNetworkToday() {
		return true
	}
	for n, w := range s.m.webhooks {
		if !w.keepsNetwork() || !s.silent(n, s.stuck) {
			continue
		}
		i := slices.IndexFunc(s.m.backends, func(b backend) bool { return b.name == w.backend })
		if s.expired[n] || i < 0 || !slices.ContainsFunc(s.m.backends[i].pods, func(p int) bool { return s.lost[p].event == upgrade }) {
			return true
		}
	}
	return false
}

// passThrough lets the upgrades replace the rest of their pools where new nodes get no
// network any more, and reports whether they had not already.
func (s *state) passThrough(upgrades []Event) bool {
	if s.through || s.m.rooms == nil || len(upgrades) == 0 || !s.m.noNetworkToday() && s.isolator() < 0 {
		return false
	}
	s.through = true
	return true
}

// nodeless reports whether no node is left in the cluster, and none comes.
func (s *state) nodeless() bool {
	if s.m.rooms == nil || !s.m.noNetworkToday() && s.isolator() < 0 {
		return false
	}
	for pool := range s.m.rooms {
		if s.left(pool, pool) > 0 {
			return false
		}
	}
	return true
}
