package facts

import "time"

// Before is what ran before the upgrade began that a run is made after, by a recording of
// that time.
type Before struct {
	CollectedAt time.Time `json:"collectedAt"`
	// PodGroups are the recording's; none where Absence says why it has none.
	PodGroups []PodGroup `json:"podGroups,omitempty"`
	Absence   Absence    `json:"absence,omitzero"`
	// Nodes is how many there were; zero where they were not read.
	Nodes int32 `json:"nodes,omitempty"`
	// Pools are the same by node pool; absent where they were not read.
	Pools map[string]int32 `json:"pools,omitempty"`
}

// After returns s as seen after the recording of before was made.
func (s *Snapshot) After(before *Snapshot) *Snapshot {
	b := Before{CollectedAt: before.Meta.CollectedAt}
	b.PodGroups, _ = PodGroups.Get(before)
	b.Absence, _ = before.Absence(PodGroups)
	if nodes, known := Nodes.Get(before); known {
		b.Nodes, b.Pools = int32(len(nodes)), NodesByPool(nodes)
	}
	m := s.Meta
	m.Before = &b
	return s.WithMeta(m)
}

// NodesByPool counts the nodes of each pool; those without that label count under the
// empty name.
func NodesByPool(nodes []Node) map[string]int32 {
	by := map[string]int32{}
	for _, n := range nodes {
		by[n.Pool]++
	}
	return by
}
