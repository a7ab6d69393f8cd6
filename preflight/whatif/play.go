package whatif

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// ParseEvent reads an event as users write it, such as "pod opa/opa-0 gone", "node n-1
// gone", "zone europe-west1-b gone", "pool default-pool upgraded" or "certificate of
// opa/opa:443 expired".
func ParseEvent(text string) (Event, error) {
	words := strings.Fields(text)
	if len(words) >= 3 {
		name, last := strings.Join(words[1:len(words)-1], " "), words[len(words)-1]
		switch words[0] + " " + last {
		case "pod gone":
			return Event{Kind: PodLoss, Name: name}, nil
		case "node gone":
			return Event{Kind: NodeLoss, Name: name}, nil
		case "zone gone":
			return Event{Kind: ZoneLoss, Name: name}, nil
		case "pool upgraded":
			return Event{Kind: PoolUpgrade, Name: name}, nil
		case "certificate expired":
			return Event{Kind: Expiry, Name: strings.TrimPrefix(name, "of ")}, nil
		}
	}
	return Event{}, fmt.Errorf(`%q is no event: write one such as "pod opa/opa-0 gone", "node NAME gone", "zone NAME gone", "pool NAME upgraded" or "certificate of opa/opa:443 expired"`, text)
}

// Shortest returns the smallest set of events that was found to take a hook down, and
// false if none was.
func (r Result) Shortest() ([]Event, bool) {
	var found []Event
	for _, risk := range r.Risks {
		for _, s := range risk.Scenarios {
			fails := slices.ContainsFunc(s.Harms, func(h Harm) bool { return h.Hook != "" })
			if fails && (found == nil || len(s.Events) < len(found)) {
				found = s.Events
			}
		}
	}
	return found, found != nil
}

// Play returns s as it is once the events have happened, at the worst that they may come
// to: what was lost is not back yet, and answers as nobody does. Steps say how that goes,
// in words. It is an error if an event takes nothing of the model away, which holds
// backends of webhooks that fail closed on something that matters.
func Play(s *facts.Snapshot, events []Event) (after *facts.Snapshot, steps []string, err error) {
	if unsearchable(s) {
		return nil, nil, errors.New("webhooks, Services or endpoints could not be read, so that no event can be played")
	}
	m := modelOf(s, Of(s))
	for _, e := range events {
		if !slices.ContainsFunc(m.backends, func(b backend) bool { return m.touches(e, b) > 0 }) {
			return nil, nil, fmt.Errorf("%s: no backend hangs on it whose loss would matter", m.opening(e))
		}
	}
	st := m.worst(events)
	for i := range m.backends {
		if st.gone[i] {
			for _, step := range st.path(events, i) {
				if !slices.Contains(steps, step) {
					steps = append(steps, step)
				}
			}
		}
	}
	if steps == nil {
		for _, e := range events {
			steps = append(steps, m.opening(e))
		}
	}
	return s.With(facts.Present(facts.Endpoints, st.endpoints()), facts.Present(facts.Attempts, st.attempts())), steps, nil
}

// worst is the state after the events in which the most webhooks are silent.
func (m *model) worst(events []Event) (worst *state) {
	for _, goals := range (&search{m: m}).goals(events) {
		st := m.after(events, goals)
		if st != nil && (worst == nil || len(st.silentWebhooks()) > len(worst.silentWebhooks())) {
			worst = st
		}
	}
	return worst
}

// lostAddresses are the addresses behind each Service that are lost, by namespace/service.
func (s *state) lostAddresses() map[string][]string {
	lost := map[string][]string{}
	for _, b := range s.m.backends {
		for n, p := range b.pods {
			if _, gone := s.lost[p]; gone {
				lost[b.namespace+"/"+b.service] = append(lost[b.namespace+"/"+b.service], b.places[n].Address)
			}
		}
	}
	return lost
}

func (s *state) endpoints() (left []facts.ServiceEndpoints) {
	lost := s.lostAddresses()
	for _, v := range facts.Endpoints.Of(s.m.s) {
		addresses := lost[v.Namespace+"/"+v.Service]
		v.Endpoints = slices.DeleteFunc(slices.Clone(v.Endpoints), func(e facts.Endpoint) bool { return slices.Contains(addresses, e.IP) })
		left = append(left, v)
	}
	return left
}

// attempts are those that hold after the events.
func (s *state) attempts() []facts.Attempt {
	var silent []webhook
	for _, n := range s.silentWebhooks() {
		silent = append(silent, s.m.webhooks[n])
	}
	kept := silenced(s.m.attempts, silent...)
	for n, a := range kept {
		for w := range s.expired {
			if s.m.webhooks[w].put(a) && a.Answer == facts.NoEndpoints {
				kept[n].Answer, kept[n].Fault = facts.BadCertificate, facts.Expired
			}
		}
	}
	var lost []string
	for i, b := range s.m.backends {
		for n, p := range b.pods {
			if _, gone := s.lost[p]; gone {
				lost = append(lost, b.places[n].Address+":", s.m.backends[i].namespace+"/"+b.places[n].Pod+":")
			}
		}
	}
	return slices.DeleteFunc(kept, func(a facts.Attempt) bool {
		return slices.ContainsFunc(lost, func(prefix string) bool { return strings.HasPrefix(strings.Trim(a.Target, "["), prefix) })
	})
}
