package admission

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/admission"
	"github.com/gke-preflight/gke-preflight/preflight/cure"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/forecast"
	"github.com/gke-preflight/gke-preflight/preflight/lifeline"
	"github.com/gke-preflight/gke-preflight/preflight/remedy"
	"github.com/gke-preflight/gke-preflight/preflight/whatif"
)

var oneEventFromCrashLoop = preflight.Check{
	ID:       "GP131",
	Name:     "one-event-from-crash-loop",
	Title:    "One more event is enough for a crash-loop",
	Severity: preflight.Warning,
	Steps:    []preflight.Step{preflight.ControlPlaneStep},
	Needs:    whatIfNeeds(),
	Uses:     whatIfUses(),
	After:    []string{"GP132", "GP133", "GP119"},
	Run: func(s *facts.Snapshot) (fs []preflight.Finding) {
		r := whatif.Of(s)
		for _, k := range r.Risks {
			if k.Size == 1 && k.Grave() {
				f := oneEvent(s, k)
				if f.Pools = poolsTaking(r, k.Backend); f.Pools != nil {
					f.OfNodes = preflight.Blocker
				}
				fs = append(fs, f)
			}
		}
		search := preflight.Finding{Severity: preflight.Warning, Subject: preflight.Subject{Kind: "Search", Name: "whatif"}}
		problem := forecast.Of(s).ControlPlane.Problem
		if gaps := slices.DeleteFunc(slices.Clone(r.Gaps), func(g string) bool { return g == problem }); len(gaps) > 0 {
			search.Undecided = firstOf(gaps)
			fs = append(fs, search)
		} else if problem != "" {
			search.Check, search.Undecided = "GP101", problem
			fs = append(fs, search)
		}
		return fs
	},
}

// poolsTaking are the node pools whose upgrade takes the backend away for good: for that
// step it is no event that may come on top, but what the step does.
func poolsTaking(r whatif.Result, backend string) (pools []string) {
	for _, u := range r.Upgrades {
		if u.Backend == backend && u.Open == "" {
			pools = append(pools, u.Pool)
		}
	}
	return pools
}

func whatIfNeeds() []facts.Fact {
	needs := StartupNeeds()
	for _, f := range whatif.Needs() {
		if !has(needs, f) {
			needs = append(needs, f)
		}
	}
	return needs
}

func whatIfUses() []facts.Fact {
	var uses []facts.Fact
	for _, f := range slices.Concat(whatif.Uses(), StartupUses(), lifeline.Needs()) {
		if !has(whatIfNeeds(), f) && !has(uses, f) {
			uses = append(uses, f)
		}
	}
	return uses
}

func firstOf(reasons []string) string {
	if len(reasons) == 1 {
		return reasons[0]
	}
	return fmt.Sprintf("%s; and %d more, which gke-preflight whatif lists", reasons[0], len(reasons)-1)
}

func oneEvent(s *facts.Snapshot, k whatif.Risk) preflight.Finding {
	scenarios := slices.Clone(k.Scenarios)
	slices.SortStableFunc(scenarios, func(a, b whatif.Scenario) int { return compareGrave(a, b) })
	f := preflight.Finding{
		Severity: preflight.Warning,
		Subject:  backendSubject(k.Backend),
		Summary:  strings.Join(scenarios[0].Steps, " → ") + "; that lasts " + scenarios[0].Lasts,
		Steps: independence(s, k).
			Or("let no single event take all of it; this lists the events, and those that come next", remedy.Sh("gke-preflight whatif")),
	}
	if f.Subject.Kind == "Service" {
		f.Evidence = endpointEvidence(s, f.Subject)
	}
	for _, sc := range scenarios {
		f.Evidence = append(f.Evidence, preflight.Evidence{Value: sc.Steps[0], Note: "is enough: lasts " + sc.Lasts})
	}
	return f
}

// backendSubject is a backend as what a finding is about: its Service, where it has one.
func backendSubject(backend string) preflight.Subject {
	namespace, rest, ok := strings.Cut(backend, "/")
	switch {
	case backend == "":
		return preflight.Subject{Kind: "Search", Name: "whatif"}
	case !ok || strings.Contains(backend, "://"):
		return preflight.Subject{Kind: "Backend", Name: backend}
	}
	return preflight.Subject{Kind: "Service", Namespace: namespace, Name: rest[:strings.LastIndexByte(rest, ':')]}
}

// independence is what lets the upgrade not depend on the backend: the patch of the
// configuration that calls it, where there is one that has one.
func independence(s *facts.Snapshot, k whatif.Risk) remedy.Steps {
	var cures []cure.Cure
	for _, w := range k.Webhooks {
		c, ok := cure.Of(s).For(admission.Culprit{Kind: admission.Kind(w.Kind), Name: w.Config, Webhook: w.Name})
		if ok && c.Cures && !slices.ContainsFunc(cures, func(o cure.Cure) bool { return o.Command == c.Command }) {
			cures = append(cures, c)
		}
	}
	if len(cures) != 1 {
		return remedy.Do("let the upgrade not depend on this backend, as far as the patches that this prints do", remedy.Sh("gke-preflight fix"))
	}
	return patch(cures[0])
}

// compareGrave puts what takes the control plane or all nodes down first.
func compareGrave(a, b whatif.Scenario) int {
	switch {
	case a.Grave() == b.Grave():
		return 0
	case a.Grave():
		return -1
	}
	return 1
}

func endpointEvidence(s *facts.Snapshot, of preflight.Subject) []preflight.Evidence {
	var es []preflight.Evidence
	for i, v := range facts.Endpoints.Of(s) {
		if v.Namespace != of.Namespace || v.Service != of.Name {
			continue
		}
		for j, e := range v.Endpoints {
			if e.Ready && len(es) < 5 {
				es = append(es, preflight.Evidence{Fact: facts.Endpoints.ID(), Path: fmt.Sprintf("/%d/endpoints/%d/ip", i, j), Value: e.IP, Note: strings.TrimSpace("ready endpoint " + e.Pod)})
			}
		}
	}
	return es
}
