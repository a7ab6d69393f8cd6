package whatif

import (
	"cmp"
	"maps"
	"slices"
	"time"
)

// events are all that may happen to the pods and certificates of the model:
// what is planned first, then what fails, the smaller the earlier.
func (m *model) events() []Event {
	var es []Event
	seen := map[Event]bool{}
	add := func(k Kind, name string) {
		e := Event{Kind: k, Name: name}
		if name != "" && !seen[e] {
			seen[e] = true
			es = append(es, e)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(m.pools)) {
		add(PoolUpgrade, name)
	}
	es = append(es, m.expiries()...)
	for _, p := range m.pods {
		add(PodLoss, p.namespace+"/"+p.name)
		add(NodeLoss, p.node)
		add(ZoneLoss, p.zone)
	}
	slices.SortStableFunc(es, func(a, b Event) int {
		return cmp.Or(cmp.Compare(slices.Index(kinds, a.Kind), slices.Index(kinds, b.Kind)), cmp.Compare(a.Name, b.Name))
	})
	return es
}

var kinds = []Kind{PoolUpgrade, Expiry, PodLoss, NodeLoss, ZoneLoss}

// expiries are the certificates that expire between the run and the date
// until which they are needed. A backend whose addresses do not all expire is
// left out: some calls to it succeed.
func (m *model) expiries() []Event {
	var es []Event
	for _, b := range m.backends {
		if at, seen := m.lastExpiry(b); seen && m.soon(at) {
			es = append(es, Event{Expiry, b.name, at})
		}
	}
	for _, w := range m.webhooks {
		if at, ok := lastOf(w.bundle); ok && len(w.harm) > 0 && m.soon(at) {
			es = append(es, Event{Expiry, w.bundleName(), at})
		}
	}
	return es
}

// bundleName names the CA that a webhook trusts, as an event does.
func (w webhook) bundleName() string { return "caBundle of " + w.Config + " " + w.Name }

func (m *model) soon(at time.Time) bool {
	return at.After(m.s.Meta.Now()) && !at.After(m.until)
}

// lastExpiry is when the last of b's serving certificates expires.
func (m *model) lastExpiry(b backend) (last time.Time, seen bool) {
	for _, a := range m.attempts {
		for _, n := range b.webhooks {
			at, err := time.Parse(time.RFC3339, a.CertificateNotAfter)
			if err == nil && m.webhooks[n].put(a) {
				seen = true
				if at.After(last) {
					last = at
				}
			}
		}
	}
	return last.UTC(), seen
}

// touches is the most endpoints of b that e can take, with whatever else.
func (m *model) touches(e Event, b backend) int {
	n := 0
	for _, i := range b.pods {
		p := m.pods[i]
		switch e.Kind {
		case PodLoss:
			n += one(e.Name == p.namespace+"/"+p.name)
		case NodeLoss:
			n += one(e.Name == p.node)
		case ZoneLoss:
			n += one(e.Name == p.zone)
		case PoolUpgrade:
			n += one(e.Name == p.pool)
		case Expiry:
		}
	}
	if e.Kind == Expiry && (e.Name == b.name || slices.ContainsFunc(b.webhooks, func(w int) bool { return m.webhooks[w].bundleName() == e.Name })) {
		return max(1, len(b.pods))
	}
	return n
}

func one(b bool) int {
	if b {
		return 1
	}
	return 0
}
