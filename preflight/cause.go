package preflight

import (
	"slices"
	"strings"
)

// A Cause is one thing that is wrong: its worst finding, and the findings on the
// same subject that explain it or come of the same.
type Cause struct {
	// Lead is the worst finding.
	Lead Finding
	// Rest are the others: what explains Lead first, then by severity. None where
	// Lead stands alone.
	Rest []Finding
}

// All are the findings of c, Lead first.
func (c Cause) All() []Finding { return append([]Finding{c.Lead}, c.Rest...) }

// Explains reports whether f is what Lead comes from, and not what comes of the same.
func (c Cause) Explains(f Finding) bool { return c.Lead.CausedBy == f.Check }

// Causes joins each finding that is not waived with what explains it, the worst
// causes first, and by check.
func Causes(fs []Finding) []Cause {
	type key struct {
		check   string
		subject Subject
	}
	byKey := map[key]Finding{}
	for _, f := range fs {
		if !f.Waived {
			byKey[key{f.Check, f.Subject}] = f
		}
	}
	rootOf := func(f Finding) key {
		k := key{f.Check, f.Subject}
		for range byKey {
			cause, ok := byKey[key{byKey[k].CausedBy, f.Subject}]
			if !ok {
				break
			}
			k.check = cause.Check
		}
		return k
	}
	var roots []key
	members := map[key][]Finding{}
	for _, f := range fs {
		if f.Waived {
			continue
		}
		k := rootOf(f)
		if members[k] == nil {
			roots = append(roots, k)
		}
		members[k] = append(members[k], f)
	}
	var all []Cause
	for _, k := range roots {
		all = append(all, causeOf(members[k]))
	}
	slices.SortStableFunc(all, func(a, b Cause) int {
		if a.Lead.Severity != b.Lead.Severity {
			return int(b.Lead.Severity) - int(a.Lead.Severity)
		}
		return strings.Compare(a.Lead.Check, b.Lead.Check)
	})
	return all
}

func causeOf(members []Finding) Cause {
	slices.SortStableFunc(members, func(a, b Finding) int { return int(b.Severity) - int(a.Severity) })
	c := Cause{members[0], members[1:]}
	first := func(f Finding) int {
		if c.Explains(f) {
			return 0
		}
		return 1
	}
	slices.SortStableFunc(c.Rest, func(a, b Finding) int { return first(a) - first(b) })
	return c
}

// Blocking are the causes of the report's blockers.
func (r Report) Blocking() []Cause {
	all := Causes(r.Findings)
	n := slices.IndexFunc(all, func(c Cause) bool { return c.Lead.Severity != Blocker })
	if n < 0 {
		n = len(all)
	}
	return all[:n]
}
