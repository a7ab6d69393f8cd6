package checks

import (
	"bytes"
	"crypto/sha256"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/cure"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/forecast"
)

// TestAdvice applies every patch that any case prints, and the recordings, and
// judges again: what it cures is gone, and the verdict is no worse than before. So
// it is with all the patches together.
func TestAdvice(t *testing.T) {
	applied := 0
	for name, s := range judgedAgain(t) {
		plan := cure.Of(s)
		if len(plan.Cures)+len(plan.Precautions) == 0 {
			continue
		}
		before := preflight.Run(s, All())
		for _, c := range slices.Concat(plan.Cures, plan.Precautions) {
			applied++
			after := cure.Applied(s, c)
			results := preflight.Run(after, All())
			noWorse(t, name+": "+c.Name, s, after, before, results)
			for _, f := range advisedBy(before, c) {
				if c.Cures && stillThere(results, f) {
					t.Errorf("%s: %s of %s prints the patch of %s, which cures, and is still there: %s", name, f.Check, f.Subject, c.Name, f.Summary)
				}
			}
		}
		if _, all := cure.With(s, cure.Options{}); len(plan.Cures) > 1 {
			noWorse(t, name+": all patches", s, all, before, preflight.Run(all, All()))
		}
	}
	if applied < 40 {
		t.Errorf("%d patches were applied: that proves little", applied)
	}
}

// judgedAgain are the cases of all checks and the recordings, each of those once that
// have the same webhooks and policies, and the same answers of them.
func judgedAgain(t *testing.T) map[string]*facts.Snapshot {
	t.Helper()
	all := map[string]*facts.Snapshot{}
	seen := map[[sha256.Size]byte]bool{}
	for _, c := range All() {
		for _, k := range casesOf(t, c.ID) {
			if key := admissionOf(t, k.s); !seen[key] {
				seen[key] = true
				all[c.ID+"/"+filepath.Base(k.file)] = k.s
			}
		}
	}
	for _, name := range []string{"all-clear", "incident"} {
		b, err := os.ReadFile(filepath.Join("..", "testdata", "recorded", name+".zip"))
		if err != nil {
			t.Fatal(err)
		}
		if all[name], err = facts.LoadZip(b); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

func admissionOf(t *testing.T, s *facts.Snapshot) [sha256.Size]byte {
	t.Helper()
	var b bytes.Buffer
	decides := []facts.Fact{
		facts.ServerVersion, facts.ValidatingWebhooks, facts.MutatingWebhooks, facts.ValidatingPolicies, facts.ValidatingPolicyBindings,
		facts.MutatingPolicies, facts.MutatingPolicyBindings, facts.Attempts, facts.Namespaces, facts.Services, facts.BackendPods,
	}
	if err := s.Files(func(name string, content []byte) error {
		if slices.ContainsFunc(decides, func(f facts.Fact) bool { return strings.TrimSuffix(name, filepath.Ext(name)) == f.ID() }) {
			b.WriteString(name)
			b.Write(content)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return sha256.Sum256(b.Bytes())
}

// noWorse holds the verdict with a patch against the one without.
func noWorse(t *testing.T, name string, s, after *facts.Snapshot, before, results []preflight.Result) {
	t.Helper()
	order := []preflight.Verdict{preflight.Ready, preflight.Inconclusive, preflight.NotReady}
	was := preflight.NewReport(s, before, forecast.Of(s)).Verdict
	is := preflight.NewReport(after, results, forecast.Of(after)).Verdict
	if slices.Index(order, is) <= slices.Index(order, was) {
		return
	}
	t.Errorf("%s: the patch turns %s into %s", name, was, is)
	for _, r := range results {
		for _, f := range slices.Concat(r.Findings, r.Open) {
			if f.Severity == preflight.Blocker {
				t.Logf("  %s %s: %s%s", f.Check, f.Subject, f.Summary, f.Undecided)
			}
		}
	}
}

// advisedBy are the findings that print the patch.
func advisedBy(results []preflight.Result, c cure.Cure) []preflight.Finding {
	var found []preflight.Finding
	for _, r := range results {
		for _, f := range r.Findings {
			if strings.Contains(f.Remedy, c.Command) || strings.Contains(f.Remedy, "cures/"+c.PatchFile()) {
				found = append(found, f)
			}
		}
	}
	return found
}

func stillThere(results []preflight.Result, f preflight.Finding) bool {
	return slices.ContainsFunc(results, func(r preflight.Result) bool {
		return slices.ContainsFunc(r.Findings, func(g preflight.Finding) bool { return g.Fingerprint == f.Fingerprint })
	})
}
