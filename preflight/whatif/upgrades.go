package whatif

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// An Upgrade is that of a node pool which takes a backend away for good: nothing in the
// cluster brings it back.
type Upgrade struct {
	// Pool is empty where it can't be told which it is.
	Pool string
	// Backend is namespace/service:port, or a URL; empty where none could be looked at.
	Backend string
	// Webhooks are those that nobody answers for then.
	Webhooks []Webhook
	// Steps are what leads from the upgrade to the harm, in order; none where Open says
	// that nothing could be looked at.
	Steps []string
	// Open says why it is not certain; empty where the upgrade does it whichever node it
	// begins with.
	Open string
}

// unsearched leaves open what upgrades of node pools do where nothing could be searched.
func unsearched(s *facts.Snapshot) []Upgrade {
	var unread []string
	for _, f := range Needs() {
		if a, absent := s.Absence(f); absent {
			unread = append(unread, fmt.Sprintf("%s (%s)", f.ID(), a))
		}
	}
	return []Upgrade{{Open: "could not read " + strings.Join(unread, ", ")}}
}

// upgrades plays that of each node pool. It is certain to take away for good what it takes
// by draining one node at a time; what it takes where several go together hangs on which
// these are, or on settings that were not seen.
func (m *model) upgrades() (all []Upgrade) {
	for i, b := range m.backends {
		if why := m.unplayed(b); why != "" {
			all = append(all, Upgrade{Backend: b.name, Webhooks: m.calling(i), Open: why})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(m.pools)) {
		p, e := m.pools[name], Event{Kind: PoolUpgrade, Name: name}
		atOnce, together := p.atOnce, p.atOnce
		if p.assumed {
			together = max(atOnce, len(m.pods))
		}
		p.atOnce = 1
		certain := m.forGood(e)
		p.atOnce = together
		possible := m.forGood(e)
		p.atOnce = atOnce
		for i, b := range m.backends {
			u := Upgrade{Pool: name, Backend: b.name, Webhooks: m.calling(i)}
			switch steps, sure := certain[i]; {
			case sure:
				u.Steps = steps
			case possible[i] == nil:
				continue
			case p.assumed:
				u.Steps, u.Open = possible[i], "how many of its nodes are drained at a time was not seen"
			default:
				u.Steps, u.Open = possible[i], fmt.Sprintf("it drains up to %d nodes at a time, and which these are is not known", atOnce)
			}
			all = append(all, u)
		}
	}
	return all
}

// forGood are the backends that the upgrade may take away for good, by index, each with
// the steps that lead there.
func (m *model) forGood(e Event) map[int][]string {
	found := map[int][]string{}
	for _, goals := range (&search{m: m}).goals([]Event{e}) {
		st := m.after([]Event{e}, goals)
		if st == nil {
			continue
		}
		for i, b := range m.backends {
			if found[i] == nil && st.gone[i] && st.stuck[i] {
				found[i] = st.scenario([]Event{e}, i, b.harm).Steps
			}
		}
	}
	return found
}

// unplayed says why the upgrade of the node pool that a backend is on could not be played;
// empty where it was, and for what is no Service of this cluster's.
func (m *model) unplayed(b backend) string {
	if b.service == "" {
		return ""
	}
	for _, f := range []facts.Fact{facts.BackendPods, facts.DisruptionBudgets, facts.Nodes} {
		if a, absent := m.s.Absence(f); absent {
			return fmt.Sprintf("could not read %s (%s)", f.ID(), a)
		}
	}
	return ""
}

// calling are the webhooks that call a backend.
func (m *model) calling(backend int) (all []Webhook) {
	for _, n := range m.backends[backend].webhooks {
		all = append(all, m.webhooks[n].Webhook)
	}
	return all
}
