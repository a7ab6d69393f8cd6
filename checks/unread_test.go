package checks

import (
	"path/filepath"
	"slices"
	"testing"

	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/forecast"
	recordings "github.com/gke-preflight/gke-preflight/testdata/recorded"
)

// TestBlockersHoldWithoutTheRest: what else could not be read does not let a webhook through
// that does not answer. One fact that was forbidden took every blocker out of the report,
// whose forecast was a crash-loop all the same.
func TestBlockersHoldWithoutTheRest(t *testing.T) {
	blockers := func(r preflight.Result) (of []preflight.Subject) {
		for _, f := range r.Findings {
			if f.Severity == preflight.Blocker {
				of = append(of, f.Subject)
			}
		}
		return of
	}
	for _, c := range All() {
		held := map[string]bool{}
		for _, k := range casesOf(t, c.ID) {
			full := blockers(one(k.s, c))
			for _, f := range c.Without {
				if _, absent := k.s.Absence(f); absent || full == nil {
					continue
				}
				r := one(k.s.With(facts.Absent(f, facts.Forbidden, "taken away by the test")), c)
				left := blockers(r)
				if left != nil && r.Open == nil {
					t.Errorf("%s, %s: without %s it leaves nothing open", c.ID, filepath.Base(k.file), f.ID())
				}
				for _, of := range left {
					held[f.ID()] = true
					if !slices.Contains(full, of) {
						t.Errorf("%s, %s: without %s there is a blocker more: %s", c.ID, filepath.Base(k.file), f.ID(), of)
					}
				}
			}
		}
		for _, f := range c.Without {
			// Most cases have a validating webhook to blame, which is not among the rest.
			if !held[f.ID()] && f.ID() != facts.ValidatingWebhooks.ID() {
				t.Errorf("%s: no case's blocker holds without %s", c.ID, f.ID())
			}
		}
	}
}

// TestVerdictWithoutTheRest: a cluster that is not ready is not ready either where one thing
// could not be read that is not to blame, and what is open is told.
func TestVerdictWithoutTheRest(t *testing.T) {
	s, err := facts.LoadZip(recordings.Incident)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range []facts.Fact{facts.MutatingWebhooks, facts.MutatingPolicies, facts.MutatingPolicyBindings, facts.ValidatingPolicies, facts.ValidatingPolicyBindings} {
		without := s.With(facts.Absent(f, facts.Forbidden, "taken away by the test"))
		r := preflight.NewReport(without, preflight.Run(without, All()), forecast.Of(without))
		open := slices.ContainsFunc(r.Open, func(o preflight.OpenQuestion) bool { return o.Severity == preflight.Blocker })
		if r.Verdict != preflight.NotReady || !open {
			t.Errorf("without %s it is %s, and it is told that something is open: %v", f.ID(), r.Verdict, open)
		}
	}
}
