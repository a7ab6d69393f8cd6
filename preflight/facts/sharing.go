package facts

import (
	"hash/maphash"
	"maps"
)

// A Sharing lets the pods that one template made have the same strings and maps: of 50,000
// pods those would be most of what is kept. It changes no value, and may share maps because
// nothing in a snapshot is ever changed. It is not safe for concurrent use.
type Sharing struct {
	texts map[string]string
	named mapPool[string]
	ports mapPool[int32]
}

// NewSharing returns a sharing of no pods yet.
func NewSharing() *Sharing {
	seed := maphash.MakeSeed()
	return &Sharing{map[string]string{}, mapPool[string]{seed, map[uint64][]map[string]string{}}, mapPool[int32]{seed, map[uint64][]map[string]int32{}}}
}

// Pod puts strings and maps of earlier pods in the place of equal ones of p.
func (s *Sharing) Pod(p *Pod) {
	s.text(&p.Namespace, &p.Node, &p.Phase, &p.Owner, &p.PriorityClass)
	p.Labels = s.named.same(p.Labels)
	for i := range p.Containers {
		c := &p.Containers[i]
		s.text(&c.Name, &c.Image, &c.LastEnd)
		c.Requests, c.Limits, c.Ports = s.named.same(c.Requests), s.named.same(c.Limits), s.ports.same(c.Ports)
	}
}

func (s *Sharing) text(all ...*string) {
	for _, t := range all {
		known, ok := s.texts[*t]
		if !ok {
			known = *t
			s.texts[known] = known
		}
		*t = known
	}
}

// A mapPool holds one of all maps that are equal, by the sum of the hashes of
// their entries.
type mapPool[V comparable] struct {
	seed maphash.Seed
	all  map[uint64][]map[string]V
}

// same returns the first map that is equal to m.
func (p mapPool[V]) same(m map[string]V) map[string]V {
	if len(m) == 0 {
		return m
	}
	type entry struct {
		key   string
		value V
	}
	var sum uint64
	for k, v := range m {
		sum += maphash.Comparable(p.seed, entry{k, v})
	}
	for _, known := range p.all[sum] {
		if maps.Equal(known, m) {
			return known
		}
	}
	p.all[sum] = append(p.all[sum], m)
	return m
}
