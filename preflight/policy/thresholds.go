package policy

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// A Moved replaces a threshold of a check; its Scope has no subject.
type Moved struct {
	Scope
	Threshold preflight.Threshold
	Value     int
}

// moved reads an entry of thresholds: one for each number that it sets.
func (r *reader) moved(n *yaml.Node, at string) (all []Moved) {
	e := r.fields(n, at, "check", "cluster", "set", "reason")
	if e == nil {
		return nil
	}
	scope := r.scope(e, n.Line)
	set := e["set"]
	if set == nil || set.Kind != yaml.MappingNode || len(set.Content) == 0 {
		r.errorf(n.Line, "%s.set: it is missing: name a threshold and its value, such as {days: 30}", at)
		return nil
	}
	i := slices.IndexFunc(r.checks, func(c preflight.Check) bool { return c.ID == scope.Check })
	if i < 0 {
		return nil
	}
	known := r.checks[i].Thresholds
	if known == nil {
		r.errorf(e["check"].Line, "%s.check: %s has no thresholds: those that have are %s", at, scope.Check, withThresholds(r.checks))
		return nil
	}
	var names []string
	for _, t := range known {
		names = append(names, t.Name)
	}
	values := r.fields(set, at+".set", names...)
	for _, t := range known {
		if v := values[t.Name]; v != nil {
			m := Moved{Scope: scope, Threshold: t, Value: r.number(v, at+".set", t)}
			m.Line = v.Line
			all = append(all, m)
		}
	}
	return all
}

// number is a value for t, written as a whole number without a unit.
func (r *reader) number(n *yaml.Node, at string, t preflight.Threshold) int {
	right := fmt.Sprintf("write a whole number of %s from %d to %d, such as %d", t.Name, t.Min, t.Max, t.Default)
	v, err := strconv.Atoi(n.Value)
	switch {
	case n.Kind != yaml.ScalarNode || n.Tag != "!!int" || err != nil:
		r.errorf(n.Line, "%s.%s: %q is no number: %s", at, t.Name, n.Value, right)
	case v < t.Min || v > t.Max:
		r.errorf(n.Line, "%s.%s: %d is out of range: %s", at, t.Name, v, right)
	}
	return v
}

func withThresholds(checks []preflight.Check) string {
	var ids []string
	for _, c := range checks {
		if c.Thresholds != nil {
			ids = append(ids, c.ID)
		}
	}
	return strings.Join(ids, ", ")
}

// thresholds are those that the policy moves for this cluster: of several entries
// for one the first, and none that leaves it as it is.
func (a *applying) thresholds() (all []preflight.ThresholdMoved) {
	if a.Policy == nil {
		return nil
	}
	seen := map[string]bool{}
	for _, m := range a.Policy.Thresholds {
		t := m.Threshold
		if seen[t.Key()] || !glob(m.Cluster, a.cluster) {
			continue
		}
		seen[t.Key()] = true
		if m.Value != t.Default {
			all = append(all, preflight.ThresholdMoved{Check: t.Check, Name: t.Name, Value: m.Value, Default: t.Default, By: a.Policy.by(m.Scope), Reason: m.Reason})
		}
	}
	return all
}

// rejudge runs the checks anew whose thresholds are moved. What they found by
// their defaults, and do not any more, stays and is waived.
func rejudge(s *facts.Snapshot, results []preflight.Result, moved []preflight.ThresholdMoved) {
	if moved == nil {
		return
	}
	values := map[string]int{}
	by := map[string][]preflight.ThresholdMoved{}
	for _, m := range moved {
		values[m.Check+"."+m.Name] = m.Value
		by[m.Check] = append(by[m.Check], m)
	}
	s = preflight.MoveThresholds(s, values)
	for i, r := range results {
		if ms := by[r.Check.ID]; ms != nil {
			results[i] = merged(r, preflight.Run(s, []preflight.Check{r.Check})[0], ms)
		} else {
			results[i].Findings = slices.Clone(r.Findings)
		}
	}
	preflight.MarkSymptoms(results)
}

// merged is what a check says under moved thresholds, with what it said by default
// where that is more.
func merged(before, after preflight.Result, moved []preflight.ThresholdMoved) preflight.Result {
	var said []string
	for _, m := range moved {
		said = append(said, m.String()+": "+m.Reason)
	}
	by, reason := moved[0].By, strings.Join(said, "; ")
	same := func(of []preflight.Finding, f preflight.Finding) int {
		return slices.IndexFunc(of, func(g preflight.Finding) bool { return g.Fingerprint == f.Fingerprint })
	}
	waived := func(f preflight.Finding) preflight.Finding {
		f.Waiver, f.Waived = &preflight.Waiver{By: by, Reason: reason}, true
		return f
	}
	for _, f := range before.Findings {
		switch i := same(after.Findings, f); {
		case i < 0:
			after.Findings = append(after.Findings, waived(f))
		case after.Findings[i].Severity < f.Severity:
			after.Findings[i].Override = &preflight.Override{By: by, From: f.Severity, Reason: reason}
		}
	}
	for _, o := range before.Open {
		if same(after.Open, o) < 0 && same(after.Findings, o) < 0 {
			after.Open = append(after.Open, waived(o))
		}
	}
	if after.Status == preflight.Pass {
		after.Status, after.Reason = before.Status, before.Reason
	}
	return after
}
