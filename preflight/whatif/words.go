package whatif

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// scenario tells what leads from the events to the harm by backend i.
func (s *state) scenario(events []Event, i int, harms []Harm) Scenario {
	b := s.m.backends[i]
	sc := Scenario{Events: events, Harms: harms}
	sc.Steps = s.path(events, i)
	if s.nodeless() {
		sc.Harms = slices.Clone(harms)
		for n := range sc.Harms {
			sc.Harms[n].Grave = sc.Harms[n].Grave || networkHarm(sc.Harms[n])
		}
	}
	lasts, forGood := s.lasts(b, i)
	sc.Lasts, sc.ForGood = lasts, forGood
	if !s.gone[i] {
		sc.Steps = append(sc.Steps, "no call to it succeeds any more")
	}
	sc.Steps = append(sc.Steps, consequences(harms))
	return sc
}

// path is the steps up to where nobody answers for the webhooks of backend i:
// first how what keeps its pods from being replaced went, if anything does.
func (s *state) path(events []Event, i int) []string {
	var steps []string
	add := func(more ...string) {
		for _, step := range more {
			if !slices.Contains(steps, step) {
				steps = append(steps, step)
			}
		}
	}
	first := i
	if o := s.before(i); o >= 0 {
		first = o
	}
	for _, e := range events {
		add(s.m.opening(e))
		add(s.departures(e, first)...)
	}
	if first != i {
		add(s.empty(first))
		for _, e := range events {
			add(s.departures(e, i)...)
		}
	}
	if s.gone[i] {
		add(s.empty(i))
	}
	return steps
}

// before is the backend that is stuck and so keeps the pods of i from being
// replaced; -1 if there is none, or it is i itself.
func (s *state) before(i int) int {
	b := s.m.backends[i]
	n := s.blocker(b.namespace)
	if n < 0 && s.unplaced(b) {
		n = s.isolator()
	}
	if n < 0 || s.expired[n] || slices.Contains(b.webhooks, n) {
		return -1
	}
	for o := range s.m.backends {
		if s.stuck[o] && slices.Contains(s.m.backends[o].webhooks, n) {
			return o
		}
	}
	return -1
}

// opening says what happens first.
func (m *model) opening(e Event) string {
	switch e.Kind {
	case PoolUpgrade:
		return fmt.Sprintf("node pool %s is upgraded (%s)", e.Name, m.pools[e.Name].in)
	case Expiry:
		return fmt.Sprintf("%s expires on %s", certificateOf(e), e.At.Format("2006-01-02 15:04 MST"))
	case PodLoss:
		return "pod " + e.Name + " " + m.goes(e)
	case NodeLoss:
		return "node " + e.Name + " is lost"
	case ZoneLoss:
	}
	return "zone " + e.Name + " is lost"
}

func certificateOf(e Event) string {
	if strings.HasPrefix(e.Name, "caBundle of ") {
		return "the CA in the " + e.Name
	}
	return "the serving certificate of " + e.Name
}

// goes says how a pod may be lost.
func (m *model) goes(e Event) string {
	for _, p := range m.pods {
		if e.Name == p.namespace+"/"+p.name && p.budget >= 0 && m.wayOut(p) == forced {
			return "fails"
		}
	}
	return "fails or is evicted"
}

// departures says how the pods of backend i went by the event.
func (s *state) departures(e Event, i int) []string {
	ways := map[way][]pod{}
	for _, n := range s.m.backends[i].pods {
		if c, gone := s.lost[n]; gone && c.event == e {
			ways[c.way] = append(ways[c.way], s.m.pods[n])
		}
	}
	var steps []string
	if ps := ways[withPlace]; ps != nil && e.Kind != PodLoss {
		steps = append(steps, names(ps)+" "+go1(ps)+" with it")
	}
	var drained []pod
	for _, w := range []way{evicted, permitted, forced} {
		drained = append(drained, ways[w]...)
	}
	if drained != nil {
		steps = append(steps, drainOf(drained))
	}
	for _, w := range []way{evicted, permitted} {
		if ps := ways[w]; ps != nil {
			steps = append(steps, fmt.Sprintf("%s %s evicted before %s ready", names(ps), are(ps), replacement(ps)))
		}
	}
	if ps := ways[forced]; ps != nil {
		steps = append(steps, s.m.againstBudget(e, ps))
	}
	if ps := ways[unreplaced]; ps != nil {
		steps = append(steps, s.inTurn(i, ps))
	}
	return steps
}

func (m *model) againstBudget(e Event, ps []pod) string {
	p := ps[0]
	why := fmt.Sprintf("budget %s allows no eviction", m.budget(p).Name)
	if p.several {
		why = "more than one budget matches, so that no eviction is possible"
	}
	return fmt.Sprintf("%s %s killed after %v, when the drain stops waiting (%s)", names(ps), are(ps), span(m.pools[e.Name].drain), why)
}

func (s *state) inTurn(i int, ps []pod) string {
	why := "no controller replaces " + them(ps)
	namespace := s.m.backends[i].namespace
	if n := s.blocker(namespace); n >= 0 {
		why = fmt.Sprintf("webhook %s, which nobody answers for, fails closed on new pods of namespace %s", s.m.webhooks[n].Name, namespace)
	} else if s.barred(namespace) {
		why = fmt.Sprintf("new pods of namespace %s are rejected already today", namespace)
	} else if !ps[0].bare {
		why = "no node is left that takes " + them(ps) + ", as new ones get no network"
	}
	return fmt.Sprintf("as the upgrade goes on, %s %s drained and not replaced: %s", names(ps), are(ps), why)
}

// empty says that a backend has no endpoint, and for how long where that is for good.
func (s *state) empty(i int) string {
	b := s.m.backends[i]
	step := fmt.Sprintf("service %s/%s has no ready endpoint", b.namespace, b.service)
	if !s.stuck[i] {
		return step
	}
	called := func(n int) string {
		if slices.Contains(b.webhooks, n) {
			return "its own webhook " + s.m.webhooks[n].Name
		}
		return "webhook " + s.m.webhooks[n].Name
	}
	switch n, isolator := s.blocker(b.namespace), s.isolator(); {
	case n >= 0:
		return step + fmt.Sprintf(", and gets none: creating its pods passes %s, which fails closed", called(n))
	case s.barred(b.namespace):
		return step + ", and gets none: new pods of its namespace are rejected already today"
	case s.unplaced(b) && isolator >= 0:
		return step + fmt.Sprintf(", and gets none: no node is left for its pods, and a new one gets no network, as creating the pods that give it one passes %s, which fails closed", called(isolator))
	case s.unplaced(b):
		return step + ", and gets none: no node is left for its pods, and new ones get no network already today"
	}
	return step + ", and gets none: no controller replaces its pods"
}

// lasts says until when nobody answers for the webhooks of b.
func (s *state) lasts(b backend, i int) (string, bool) {
	switch {
	case !s.gone[i]:
		return "until it is renewed, which nothing here is known to do", false
	case s.stuck[i]:
		return "for good", true
	}
	var longest time.Duration
	for _, n := range b.pods {
		longest = max(longest, s.m.pods[n].start)
	}
	if longest == 0 {
		return "until a replacement is ready", false
	}
	return fmt.Sprintf("until a replacement is ready, which took %s when its pods were made", span(longest)), false
}
