package checks

import (
	"fmt"
	"path/filepath"
	"reflect"
	"slices"
	"testing"
	"testing/fstest"

	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/forecast"
)

// never are facts that no cluster has nothing of: an empty answer is no answer.
func never() []facts.Fact {
	return []facts.Fact{
		facts.ServerVersion, facts.APIResources, facts.Namespaces, facts.Services, facts.KubernetesService, facts.APIServices,
		facts.ClusterRoles, facts.ClusterRoleBindings, facts.Roles, facts.RoleBindings, facts.PriorityClasses, facts.FlowSchemas, facts.PriorityLevels,
	}
}

// A harmed snapshot is one of which something could not be seen as it is.
type harmed struct {
	how string
	s   *facts.Snapshot
}

// TestHunt goes for false greens: of each recorded blocker it takes the evidence away
// in every way, one fact and one question at a time, and facts that the check reads in
// pairs. Somebody has to say so: never is the whole READY.
func TestHunt(t *testing.T) {
	for _, c := range All() {
		if c.Severity != preflight.Blocker {
			continue
		}
		t.Run(c.ID, func(t *testing.T) {
			t.Parallel()
			for _, k := range casesOf(t, c.ID) {
				if !stops(one(k.s, c)) {
					continue
				}
				for _, h := range append(harmedFacts(t, k.s, c), harmedQuestions(k.s)...) {
					if !stops(one(h.s, c)) && verdict(h.s) == preflight.Ready {
						t.Errorf("%s, %s: READY though %s", c.ID, filepath.Base(k.file), h.how)
					}
				}
			}
		})
	}
}

// stops reports whether the result alone keeps the verdict from READY.
func stops(r preflight.Result) bool {
	blocker := func(f preflight.Finding) bool { return f.Severity == preflight.Blocker }
	return slices.ContainsFunc(r.Findings, blocker) || slices.ContainsFunc(r.Open, blocker) || r.Status == preflight.Undecided && r.Open == nil
}

func verdict(s *facts.Snapshot) preflight.Verdict {
	s = preflight.AskFor(s, preflight.Ask{Steps: preflight.Steps()})
	return preflight.NewReport(s, preflight.Run(s, All()), forecast.Of(s)).Verdict
}

// harmedFacts are s without one fact: denied, failing, or empty where that can't be.
// Where the check reads the fact and still finds what it did, a second one is taken
// away too.
func harmedFacts(t *testing.T, s *facts.Snapshot, c preflight.Check) (hs []harmed) {
	var spared []facts.Fact
	for _, f := range facts.All() {
		if _, absent := s.Absence(f); absent || !declares(c.Needs, f) && !declares(c.Uses, f) {
			continue // what it does not read changes nothing: see TestNeeds
		}
		for _, reason := range []facts.Reason{facts.Forbidden, facts.Failed} {
			hs = append(hs, harmed{fmt.Sprintf("%s is %s", f.ID(), reason), s.With(facts.Absent(f, reason, "taken away"))})
		}
		if one(hs[len(hs)-1].s, c).Status == preflight.Fail {
			spared = append(spared, f)
		}
		if declares(never(), f) {
			hs = append(hs, harmed{f.ID() + " is empty", emptied(t, s, f)})
		}
	}
	for n, a := range spared {
		for _, b := range spared[n+1:] {
			hs = append(hs, harmed{
				fmt.Sprintf("%s and %s are forbidden", a.ID(), b.ID()),
				s.With(facts.Absent(a, facts.Forbidden, "taken away"), facts.Absent(b, facts.Forbidden, "taken away")),
			})
		}
	}
	return hs
}

// emptied is s as it is recorded and read again where nothing was answered for f.
func emptied(t *testing.T, s *facts.Snapshot, f facts.Fact) *facts.Snapshot {
	t.Helper()
	v, _ := s.Value(f)
	s = s.With(facts.Observation{Fact: f, Value: reflect.Zero(reflect.TypeOf(v)).Interface()})
	files := fstest.MapFS{}
	if err := s.Files(func(name string, content []byte) error {
		files[name] = &fstest.MapFile{Data: content}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	loaded, err := facts.Load(files)
	if err != nil {
		t.Fatal(err)
	}
	return loaded.WithMeta(s.Meta)
}

// harmedQuestions are s with one question, and with all of them, denied, failing or
// answered for another user, and without it.
func harmedQuestions(s *facts.Snapshot) (hs []harmed) {
	attempts, ok := facts.Attempts.Get(s)
	if !ok {
		return nil
	}
	ways := []struct {
		how    string
		change func(*facts.Attempt)
	}{
		{"denied", func(a *facts.Attempt) {
			a.Answer, a.Fault, a.Detail = facts.CouldNotAsk, facts.NotPermitted, "forbidden"
		}},
		{"failing", func(a *facts.Attempt) {
			a.Answer, a.Fault, a.Detail = facts.CouldNotAsk, "", "the API server could not be reached"
		}},
		{"not asked", func(a *facts.Attempt) { a.Answer, a.Fault, a.Detail = facts.NotAsked, "", "left out" }},
		{"answered for another user", func(a *facts.Attempt) { a.As = "somebody-else" }},
	}
	with := func(how string, changed []facts.Attempt) {
		hs = append(hs, harmed{how, s.With(facts.Present(facts.Attempts, changed))})
	}
	for _, w := range ways {
		all := slices.Clone(attempts)
		for n, a := range attempts {
			w.change(&all[n])
			if n < mostQuestions {
				one := slices.Clone(attempts)
				w.change(&one[n])
				with(fmt.Sprintf("question %d (%s from %s) is %s", n, a.Write, a.Vantage, w.how), one)
			}
		}
		with("every question is "+w.how, all)
	}
	for n := range min(len(attempts), mostQuestions) {
		with(fmt.Sprintf("question %d was not recorded", n), slices.Delete(slices.Clone(attempts), n, n+1))
	}
	return hs
}

// mostQuestions of a case are taken away one by one.
const mostQuestions = 8
