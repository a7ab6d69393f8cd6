package change_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/change"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/forecast"
	"github.com/gke-preflight/gke-preflight/preflight/policy"
)

// A night is what the checks found; each string names a subject, "~" before it that
// the check could not tell, "!" that the finding is a blocker, "*" that a policy
// waives it.
type night []string

func (n night) report(t *testing.T, before *preflight.Report, day int) preflight.Report {
	t.Helper()
	check := preflight.Check{ID: "GP101", Title: "the check", Severity: preflight.Blocker, Run: func(*facts.Snapshot) []preflight.Finding {
		var all []preflight.Finding
		for _, name := range n {
			if name == "gone blind" {
				continue
			}
			f := preflight.Finding{Severity: preflight.Warning}
			mark := name[0]
			if mark < 'a' || mark > 'z' {
				name = name[1:]
			}
			switch mark {
			case '!':
				f.Severity = preflight.Blocker
			case '~':
				f.Severity, f.Undecided = preflight.Blocker, "not permitted"
			}
			f.Subject, f.Summary = preflight.Subject{Kind: "Pod", Name: name}, "it is bad"
			all = append(all, f)
		}
		return all
	}}
	if slices.Contains(n, "gone blind") {
		check.Needs = []facts.Fact{facts.Nodes}
	}
	rules := policy.Rules{Baseline: before, Policy: &policy.Policy{}}
	for _, name := range n {
		if name[0] == '*' {
			rules.Policy.Waivers = append(rules.Policy.Waivers, policy.Waiver{Scope: policy.Scope{Check: "GP101", Subject: "Pod " + name[1:]}, Until: time.Unix(1<<40, 0)})
		}
	}
	s := facts.New(facts.Meta{CollectedAt: time.Date(2026, 11, day, 2, 0, 0, 0, time.UTC)})
	return policy.Apply(s, preflight.Run(s, []preflight.Check{check}), forecast.Forecast{}, rules)
}

// words are the change, each part of it in the order in which it is told.
func words(c change.Change) []string {
	w := []string{string(c.Verdict)}
	if c.Before != nil {
		w[0] = string(c.Before.Verdict) + " -> " + string(c.Verdict)
	}
	for _, part := range []struct {
		sign  string
		items []change.Item
	}{{"new", c.New}, {"worse", c.Worse}, {"gone", c.Gone}, {"unsure", c.Unsure}} {
		for _, i := range part.items {
			w = append(w, part.sign+" "+i.Subject.Name)
		}
	}
	for _, q := range c.Opened {
		w = append(w, "opened "+q.Subject.Name)
	}
	for _, q := range c.Answered {
		w = append(w, "answered "+q.Subject.Name)
	}
	if c.Changed {
		w = append(w, "tell")
	}
	return w
}

func TestChange(t *testing.T) {
	for _, tc := range []struct {
		name          string
		before, after night
		want          []string
	}{
		{"all well", night{}, night{}, []string{"ready -> ready"}},
		{"as bad as before", night{"!a", "b", "~c"}, night{"!a", "b", "~c"}, []string{"not-ready -> not-ready"}},
		{"in another order", night{"!a", "b", "~c", "~d"}, night{"~d", "~c", "b", "!a"}, []string{"not-ready -> not-ready"}},
		{"a blocker", night{}, night{"!a"}, []string{"ready -> not-ready", "new a", "tell"}},
		{"a blocker more", night{"!a"}, night{"!a", "!b"}, []string{"not-ready -> not-ready", "new b", "tell"}},
		{"a warning", night{}, night{"a"}, []string{"ready -> ready", "new a", "tell"}},
		{"one for the other", night{"a"}, night{"b"}, []string{"ready -> ready", "new b", "gone a", "tell"}},
		{"cured", night{"!a"}, night{}, []string{"not-ready -> ready", "gone a", "tell"}},
		{"worse", night{"a"}, night{"!a"}, []string{"ready -> not-ready", "worse a", "tell"}},
		{"less severe", night{"!a", "!b"}, night{"a", "!b"}, []string{"not-ready -> not-ready"}},
		{"a question", night{}, night{"~a"}, []string{"ready -> inconclusive", "opened a", "tell"}},
		{"another question", night{"~a"}, night{"~b"}, []string{"inconclusive -> inconclusive", "opened b", "answered a", "tell"}},
		{"from a finding to a question", night{"!a"}, night{"~a"}, []string{"not-ready -> inconclusive", "unsure a", "opened a", "tell"}},
		{"gone blind", night{"a"}, night{"gone blind"}, []string{"ready -> inconclusive", "unsure a", "opened ", "tell"}},
		{"blind as before", night{"gone blind"}, night{"gone blind"}, []string{"inconclusive -> inconclusive"}},
		{"it sees again", night{"gone blind"}, night{}, []string{"inconclusive -> ready", "answered ", "tell"}},
		{"waived from now on", night{"a"}, night{"*a"}, []string{"ready -> ready"}},
		{"waived as before", night{"*a"}, night{"*a"}, []string{"ready -> ready"}},
		{"waived, and gone", night{"*a"}, night{}, []string{"ready -> ready"}},
		{"a waiver's end", night{"*a"}, night{"a"}, []string{"ready -> ready", "new a", "tell"}},
		{"new and waived", night{}, night{"*a"}, []string{"ready -> ready"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			before := tc.before.report(t, nil, 22)
			c := change.Of(&before, tc.after.report(t, &before, 23))
			if diff := cmp.Diff(tc.want, words(c)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestFirst(t *testing.T) {
	for _, tc := range []struct {
		night night
		want  []string
	}{
		{night{}, []string{"ready"}},
		{night{"a"}, []string{"ready", "new a"}},
		{night{"*a"}, []string{"ready"}},
		{night{"!a", "~b"}, []string{"not-ready", "new a", "opened b", "tell"}},
		{night{"~b"}, []string{"inconclusive", "opened b", "tell"}},
	} {
		if diff := cmp.Diff(tc.want, words(change.Of(nil, tc.night.report(t, nil, 22)))); diff != "" {
			t.Errorf("%v: %s", tc.night, diff)
		}
	}
}
