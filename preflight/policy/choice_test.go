package policy_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/forecast"
	"github.com/gke-preflight/gke-preflight/preflight/policy"
)

func chosen(t *testing.T, checks []preflight.Check, texts ...string) []policy.Choice {
	t.Helper()
	var all []policy.Choice
	for _, text := range texts {
		c, err := policy.ParseChoice(text, checks)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, c)
	}
	return all
}

// What is skipped is listed and counts for nothing; it never makes a cluster ready, but
// by a waiver for all of it.
func TestChoice(t *testing.T) {
	finds := func(id string, s preflight.Severity, in ...string) preflight.Check {
		return preflight.Check{ID: id, Name: strings.ToLower(id) + "-name", Severity: preflight.Blocker, Run: func(*facts.Snapshot) (fs []preflight.Finding) {
			for _, ns := range in {
				f := preflight.Finding{Severity: s, Subject: preflight.Subject{Kind: "Pod", Namespace: ns, Name: "p"}, Summary: "is broken"}
				if ns == "open" {
					f.Undecided = "nobody knows"
				}
				fs = append(fs, f)
			}
			return fs
		}}
	}
	checks := []preflight.Check{finds("GP101", preflight.Blocker, "a", "b"), finds("GP102", preflight.Warning, "a", "open"), finds("GP401", preflight.Warning)}
	s := facts.New(facts.Meta{})
	for name, c := range map[string]struct {
		only, skip, accept []string
		verdict            preflight.Verdict
		findings           int
		skipped            string
	}{
		"nothing":              {verdict: preflight.NotReady, findings: 3},
		"a check":              {skip: []string{"GP101"}, verdict: preflight.Inconclusive, findings: 1, skipped: "GP101 by --skip GP101"},
		"by its name":          {skip: []string{"gp101-name"}, verdict: preflight.Inconclusive, findings: 1, skipped: "GP101 by --skip gp101-name"},
		"a family":             {skip: []string{"gp1xx"}, verdict: preflight.Inconclusive, skipped: "GP101 by --skip gp1xx, GP102 by --skip gp1xx"},
		"one that found none":  {skip: []string{"GP4", "GP1"}, accept: []string{"GP101", "GP102"}, verdict: preflight.Inconclusive, skipped: "GP101 by --skip GP1 (waived), GP102 by --skip GP1 (waived), GP401 by --skip GP4"},
		"all of it waived":     {skip: []string{"GP1"}, accept: []string{"GP101", "GP102"}, verdict: preflight.Ready, skipped: "GP101 by --skip GP1 (waived), GP102 by --skip GP1 (waived)"},
		"all but one":          {only: []string{"GP401"}, verdict: preflight.Inconclusive, skipped: "GP101 by --only GP401, GP102 by --only GP401"},
		"a namespace":          {skip: []string{"namespace/a", "ns/b"}, verdict: preflight.Inconclusive, skipped: "GP101 a by --skip namespace/a, GP101 b by --skip ns/b, GP102 a by --skip namespace/a"},
		"the other namespaces": {only: []string{"namespace/a"}, verdict: preflight.NotReady, findings: 2, skipped: "GP101 b by --only namespace/a, GP102 open by --only namespace/a"},
		"both":                 {only: []string{"GP101", "namespace/b"}, verdict: preflight.NotReady, findings: 1, skipped: "GP101 a by --only namespace/b, GP102 by --only GP101, GP401 by --only GP101"},
		"skip wins":            {only: []string{"GP1"}, skip: []string{"GP101"}, verdict: preflight.Inconclusive, findings: 1, skipped: "GP101 by --skip GP101, GP401 by --only GP1"},
	} {
		t.Run(name, func(t *testing.T) {
			results := preflight.Run(s, checks)
			r := policy.Apply(s, results, forecast.Forecast{}, policy.Rules{Only: chosen(t, checks, c.only...), Skip: chosen(t, checks, c.skip...), Accept: c.accept, Day: time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)})
			var skipped []string
			for _, k := range r.Skipped {
				text := strings.TrimSpace(k.Check+" "+k.Subject.Namespace) + " by " + k.By
				if k.Waived {
					text += " (waived)"
				}
				skipped = append(skipped, text)
			}
			if got := strings.Join(skipped, ", "); r.Verdict != c.verdict || len(r.Findings) != c.findings || got != c.skipped {
				t.Errorf("%s with %d findings, skipped %s\nwant %s with %d, skipped %s", r.Verdict, len(r.Findings), got, c.verdict, c.findings, c.skipped)
			}
			if len(results[0].Findings) != 2 || results[0].Status != preflight.Fail {
				t.Error("the results were changed")
			}
			for _, check := range r.Checks {
				if check.Status == preflight.Pass && slices.ContainsFunc(r.Skipped, func(k preflight.Skipped) bool { return k.Check == check.ID }) {
					t.Errorf("%s passed, though something of it was skipped", check.ID)
				}
			}
		})
	}
	for text, want := range map[string]string{"GP9": `there is no check "GP9"`, "namespace/": "no check", "GP7": "there is no check of the family GP7", "": "no check", "pods": "a family is written GP4, and a namespace namespace/NAME"} {
		if _, err := policy.ParseChoice(text, checks); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
}

// A namespace that is not there is told of: a name that is mistyped would skip nothing in
// silence.
func TestUnmetNamespace(t *testing.T) {
	seen := facts.New(facts.Meta{}, facts.Present(facts.Namespaces, []facts.Namespace{{Name: "shop"}}))
	var rules policy.Rules
	for _, text := range []string{"namespace/shop", "ns/shpo", "GP4"} {
		c, err := policy.ParseChoice(text, []preflight.Check{{ID: "GP401"}})
		if err != nil {
			t.Fatal(err)
		}
		rules.Skip, rules.Only = append(rules.Skip, c), append(rules.Only, c)
	}
	got := rules.Unmet(seen)
	if len(got) != 2 || !strings.Contains(got[0], "--only ns/shpo: the cluster has no namespace shpo") || !strings.Contains(got[1], "--skip ns/shpo") {
		t.Errorf("%q", got)
	}
	if got := rules.Unmet(facts.New(facts.Meta{})); got != nil {
		t.Errorf("namespaces were not read, and still %q", got)
	}
}
