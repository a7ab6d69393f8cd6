package render

import (
	"slices"
	"strings"

	"github.com/gke-preflight/gke-preflight/preflight"
)

// A story is one thing that is wrong: its worst finding, and the findings on
// the same subject that are its cause, which stands first, or come of the same
// cause.
type story struct {
	lead preflight.Finding
	rest []preflight.Finding
}

type findingKey struct {
	check   string
	subject preflight.Subject
}

// stories joins each finding with its cause, in the order of the report.
func stories(fs []preflight.Finding) []story {
	byKey := map[findingKey]preflight.Finding{}
	for _, f := range fs {
		byKey[findingKey{f.Check, f.Subject}] = f
	}
	var roots []findingKey
	members := map[findingKey][]preflight.Finding{}
	for _, f := range fs {
		k := rootOf(f, byKey)
		if members[k] == nil {
			roots = append(roots, k)
		}
		members[k] = append(members[k], f)
	}
	var all []story
	for _, k := range roots {
		m := members[k]
		slices.SortStableFunc(m, func(a, b preflight.Finding) int { return int(b.Severity) - int(a.Severity) })
		lead, rest := m[0], m[1:]
		slices.SortStableFunc(rest, func(a, b preflight.Finding) int { return isCause(lead, b) - isCause(lead, a) })
		all = append(all, story{lead, rest})
	}
	slices.SortStableFunc(all, func(a, b story) int {
		if a.lead.Severity != b.lead.Severity {
			return int(b.lead.Severity) - int(a.lead.Severity)
		}
		return strings.Compare(a.lead.Check, b.lead.Check)
	})
	return all
}

func rootOf(f preflight.Finding, byKey map[findingKey]preflight.Finding) findingKey {
	k := findingKey{f.Check, f.Subject}
	for range byKey {
		cause, ok := byKey[findingKey{byKey[k].CausedBy, f.Subject}]
		if !ok {
			break
		}
		k.check = cause.Check
	}
	return k
}

// grouped collects neighbours with the same key; all is sorted so that equal
// keys are neighbours.
func grouped[T any](all []T, key func(T) string) [][]T {
	var groups [][]T
	for i, t := range all {
		if i == 0 || key(all[i-1]) != key(t) {
			groups = append(groups, nil)
		}
		groups[len(groups)-1] = append(groups[len(groups)-1], t)
	}
	return groups
}

func isCause(lead, f preflight.Finding) int {
	if lead.CausedBy == f.Check {
		return 1
	}
	return 0
}
