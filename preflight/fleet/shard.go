package fleet

import (
	"fmt"
	"hash/fnv"
	"slices"
)

// A Shard is one of several workers that share a fleet; the zero value is the only one.
type Shard struct {
	// Index is from 0 to Of-1.
	Index int `json:"shard"`
	// Of is how many there are; 0 and 1 mean that there is no other.
	Of int `json:"of"`
}

// String is INDEX/OF, as --shard takes it.
func (s Shard) String() string { return fmt.Sprintf("%d/%d", s.Index, max(s.Of, 1)) }

// Has reports whether the cluster is this shard's: by a hash of its name, so that a
// cluster that comes or goes moves no other.
func (s Shard) Has(n Name) bool {
	if s.Of <= 1 {
		return true
	}
	h := fnv.New32a()
	fmt.Fprint(h, n)
	return int(h.Sum32()%uint32(s.Of)) == s.Index
}

// A Plan is what a shard sets out to do, kept before it begins.
type Plan struct {
	Shard
	// Question is what is asked of each cluster, in words: rows of other questions are
	// no answer to it.
	Question string `json:"question"`
	// Clusters are the shard's own.
	Clusters []Name `json:"clusters"`
	// Gaps are what could not be listed.
	Gaps []Gap `json:"gaps"`
}

// Planned returns the rows of clusters that a plan has: one that left the fleet since an
// earlier try is not part of it.
func Planned(plans []Plan, rows []Row) []Row {
	planned := map[Name]bool{}
	for _, p := range plans {
		for _, n := range p.Clusters {
			planned[n] = true
		}
	}
	return slices.DeleteFunc(slices.Clone(rows), func(r Row) bool { return !planned[r.Name] })
}

// Unfinished returns a gap for each cluster of the plans that has no row, and for
// each shard that left no plan.
func Unfinished(plans []Plan, rows []Row) []Gap {
	var gaps []Gap
	finished := map[Name]bool{}
	for _, r := range rows {
		finished[r.Name] = true
	}
	of := 0
	for _, p := range plans {
		of = max(of, p.Of, 1)
		gaps = append(gaps, p.Gaps...)
		for _, n := range p.Clusters {
			if !finished[n] {
				gaps = append(gaps, Gap{n.String(), fmt.Sprintf("shard %s did not get to it", p.Shard)})
			}
		}
	}
	for i := range of {
		if !slices.ContainsFunc(plans, func(p Plan) bool { return p.Index == i }) {
			s := Shard{i, of}
			gaps = append(gaps, Gap{"shard " + s.String(), "it has not begun"})
		}
	}
	return gaps
}
