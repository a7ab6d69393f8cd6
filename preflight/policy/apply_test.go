package policy_test

import (
	"reflect"
	"testing"

	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/forecast"
	"github.com/gke-preflight/gke-preflight/preflight/policy"
)

func on(name string) preflight.Subject {
	return preflight.Subject{Kind: "NodePool", Namespace: "x", Name: name}
}

func found(s preflight.Severity, name string) preflight.Finding {
	return preflight.Finding{Severity: s, Subject: on(name), Summary: name}
}

func open(s preflight.Severity, name string) preflight.Finding {
	return preflight.Finding{Severity: s, Subject: on(name), Undecided: "not asked"}
}

var snapshot = facts.New(facts.Meta{Cluster: facts.Cluster{Project: "acme", Location: "eu", Name: "prod"}}, facts.Absent(facts.Nodes, facts.Forbidden, ""))

func finding(id string, fs ...preflight.Finding) []preflight.Result {
	for _, c := range checks {
		if c.ID == id {
			return []preflight.Result{preflight.Summarise(c, fs)}
		}
	}
	return nil
}

func unanswered(id string) []preflight.Result {
	r := finding(id)
	r[0].Status, r[0].Reason = preflight.Undecided, "could not read nodes"
	return r
}

func rules(t *testing.T, entries string) policy.Rules {
	t.Helper()
	p, err := policy.Parse("p.yaml", []byte(head+entries), checks, day)
	if err != nil {
		t.Fatal(err)
	}
	return policy.Rules{Policy: p, Day: day}
}

func apply(results []preflight.Result, r policy.Rules) preflight.Report {
	return policy.Apply(snapshot, results, forecast.Forecast{}, r)
}

func TestVerdictUnderPolicy(t *testing.T) {
	waive := func(scope, until string) string {
		return "waivers:\n- {check: " + scope + ", until: " + until + ", reason: r}\n"
	}
	blocker := finding("GP101", found(preflight.Blocker, "a"))
	for name, c := range map[string]struct {
		results []preflight.Result
		policy  string
		want    preflight.Verdict
		notice  string
	}{
		"waived":                        {blocker, waive("GP101", "2026-12-31"), preflight.Ready, ""},
		"waived to this day":            {blocker, waive("GP101", "2026-11-23"), preflight.Ready, "GP903"},
		"expired yesterday":             {blocker, waive("GP101", "2026-11-22"), preflight.NotReady, "GP901"},
		"expired, covering nothing":     {finding("GP101"), waive("GP101", "2026-11-22"), preflight.Ready, "GP901"},
		"for its subject":               {blocker, waive("GP101, subject: NodePool x/a", "2026-12-31"), preflight.Ready, ""},
		"for its kind":                  {blocker, waive("GP101, subject: NodePool *", "2026-12-31"), preflight.Ready, ""},
		"for another subject":           {blocker, waive("GP101, subject: NodePool x/b", "2026-12-31"), preflight.NotReady, "GP902"},
		"for a part of its name":        {blocker, waive("GP101, subject: NodePool x/", "2026-12-31"), preflight.NotReady, "GP902"},
		"for another check":             {blocker, waive("GP104", "2026-12-31"), preflight.NotReady, ""},
		"for this cluster":              {blocker, waive("GP101, cluster: acme/*/prod", "2026-12-31"), preflight.Ready, ""},
		"for another cluster":           {blocker, waive("GP101, cluster: acme/*/dev", "2026-12-31"), preflight.NotReady, ""},
		"one of two":                    {finding("GP101", found(preflight.Blocker, "a"), found(preflight.Blocker, "b")), waive("GP101, subject: '* x/a'", "2026-12-31"), preflight.NotReady, ""},
		"an open question":              {finding("GP101", open(preflight.Blocker, "a")), waive("GP101, subject: NodePool x/a", "2026-12-31"), preflight.Ready, ""},
		"another open question":         {finding("GP101", open(preflight.Blocker, "a")), waive("GP101, subject: NodePool x/b", "2026-12-31"), preflight.Inconclusive, "open GP902"},
		"an open question, expired":     {finding("GP101", open(preflight.Blocker, "a")), waive("GP101", "2026-11-22"), preflight.Inconclusive, "GP901"},
		"a check without an answer":     {unanswered("GP101"), waive("GP101", "2026-12-31"), preflight.Ready, ""},
		"no answer, for a subject":      {unanswered("GP101"), waive("GP101, subject: NodePool x/a", "2026-12-31"), preflight.Inconclusive, "open GP902"},
		"raised":                        {finding("GP201", found(preflight.Warning, "a")), "severities:\n- {check: GP201, subject: '* x/a', severity: blocker, reason: r}\n", preflight.NotReady, ""},
		"raised for another subject":    {finding("GP201", found(preflight.Warning, "a")), "severities:\n- {check: GP201, subject: '* x/b', severity: blocker, reason: r}\n", preflight.Ready, ""},
		"raised, and no answer":         {unanswered("GP201"), "severities:\n- {check: GP201, subject: '* x/a', severity: blocker, reason: r}\n", preflight.Inconclusive, ""},
		"raised, and an open question":  {finding("GP201", open(preflight.Warning, "a")), "severities:\n- {check: GP201, severity: blocker, reason: r}\n", preflight.Inconclusive, ""},
		"raised, then waived":           {finding("GP201", found(preflight.Warning, "a")), "severities:\n- {check: GP201, severity: blocker, reason: r}\n" + waive("GP201", "2026-12-31"), preflight.Ready, ""},
		"the first override counts":     {finding("GP201", found(preflight.Warning, "a")), "severities:\n- {check: GP201, severity: info, reason: r}\n- {check: GP201, severity: blocker, reason: r}\n", preflight.Ready, ""},
		"expired beside one in force":   {blocker, "waivers:\n- {check: GP101, until: 2026-11-01, reason: r}\n- {check: GP101, until: 2026-12-31, reason: r}\n", preflight.Ready, "GP901"},
		"a waiver for what is not open": {finding("GP104"), waive("GP104", "2026-12-31"), preflight.Ready, "GP902"},
	} {
		t.Run(name, func(t *testing.T) {
			r := apply(c.results, rules(t, c.policy))
			if r.Verdict != c.want {
				t.Errorf("verdict %s, want %s", r.Verdict, c.want)
			}
			notice := ""
			for _, f := range r.Findings {
				if f.Subject.Kind == "Waiver" {
					notice += f.Check
				}
			}
			for _, o := range r.Open {
				if o.Subject.Kind == "Waiver" {
					notice += "open " + o.Check
				}
			}
			if notice != c.notice {
				t.Errorf("it notes %q, want %q", notice, c.notice)
			}
			if n := len(c.results[0].Findings) + len(c.results[0].Open); len(r.Findings)+len(r.Open) < n {
				t.Errorf("of %d findings and questions some are dropped", n)
			}
		})
	}
}

func TestWhatAWaiverSays(t *testing.T) {
	r := apply(finding("GP101", found(preflight.Blocker, "a")), rules(t, "waivers:\n- {check: GP101, until: 2026-11-01, reason: old}\n- {check: GP101, until: 2026-11-20, reason: because, owner: sre}\n"))
	want := &preflight.Waiver{By: "p.yaml:5", Reason: "because", Until: "2026-11-20", Owner: "sre", Lapsed: true}
	if f := r.Findings[0]; f.Waived || !reflect.DeepEqual(f.Waiver, want) {
		t.Errorf("waived %v by %+v, want %+v", f.Waived, f.Waiver, want)
	}
	r = apply(finding("GP201", found(preflight.Warning, "a")), rules(t, "severities:\n- {check: GP201, severity: info, reason: because}\n"))
	if o := r.Findings[0].Override; o == nil || *o != (preflight.Override{By: "p.yaml:4", From: preflight.Warning, Reason: "because"}) || r.Findings[0].Severity != preflight.Info {
		t.Errorf("%+v", r.Findings[0])
	}
}

func TestAccept(t *testing.T) {
	for name, results := range map[string][]preflight.Result{
		"a finding": finding("GP101", found(preflight.Blocker, "a")), "a question": finding("GP101", open(preflight.Blocker, "a")), "no answer": unanswered("GP101"),
	} {
		if r := apply(results, policy.Rules{Accept: []string{"GP101"}, Day: day}); r.Verdict != preflight.Ready || len(r.Policy.Accepted) != 1 {
			t.Errorf("%s: %s", name, r.Verdict)
		}
		if r := apply(results, policy.Rules{Accept: []string{"GP104"}, Day: day}); r.Verdict == preflight.Ready {
			t.Errorf("%s: accepted by the name of another", name)
		}
	}
}

func TestNoRulesChangeNothing(t *testing.T) {
	results := finding("GP101", found(preflight.Warning, "b"), found(preflight.Blocker, "a"), open(preflight.Blocker, "c"))
	before := preflight.NewReport(snapshot, results, forecast.Forecast{})
	if r := apply(results, policy.Rules{}); !reflect.DeepEqual(r, before) {
		t.Errorf("%+v\nwant %+v", r, before)
	}
	apply(results, rules(t, "waivers:\n- {check: GP101, until: 2026-12-31, reason: r}\n"))
	if after := preflight.NewReport(snapshot, results, forecast.Forecast{}); !reflect.DeepEqual(after, before) {
		t.Error("what was given is changed")
	}
}

func TestBaseline(t *testing.T) {
	of := func(r policy.Rules, fs ...preflight.Finding) preflight.Report {
		return apply(finding("GP101", fs...), r)
	}
	a, b := found(preflight.Blocker, "a"), found(preflight.Blocker, "b")
	mild := found(preflight.Warning, "a")
	accepted := of(policy.Rules{Accept: []string{"GP101"}}, a)
	for name, c := range map[string]struct {
		before  preflight.Report
		now     []preflight.Finding
		state   preflight.BaselineState
		verdict preflight.Verdict
		gone    int
		open    int
	}{
		"the same":           {of(policy.Rules{}, a), []preflight.Finding{a}, preflight.Unchanged, preflight.Ready, 0, 0},
		"new":                {of(policy.Rules{}), []preflight.Finding{a}, preflight.New, preflight.NotReady, 0, 0},
		"another":            {of(policy.Rules{}, b), []preflight.Finding{a}, preflight.New, preflight.NotReady, 1, 0},
		"worse":              {of(policy.Rules{}, mild), []preflight.Finding{a}, preflight.Worse, preflight.NotReady, 0, 0},
		"milder":             {of(policy.Rules{}, a), []preflight.Finding{mild}, preflight.Unchanged, preflight.Ready, 0, 0},
		"waived before":      {accepted, []preflight.Finding{a}, preflight.Worse, preflight.NotReady, 0, 0},
		"gone":               {of(policy.Rules{}, a), nil, "", preflight.Ready, 1, 0},
		"gone or not":        {of(policy.Rules{}, a), []preflight.Finding{open(preflight.Blocker, "b")}, "", preflight.Inconclusive, 0, 1},
		"open beside known":  {of(policy.Rules{}, a), []preflight.Finding{a, open(preflight.Blocker, "b")}, preflight.Unchanged, preflight.Inconclusive, 0, 0},
		"of an earlier such": {of(policy.Rules{Baseline: ptr(of(policy.Rules{}, a)), FailOnNew: true}, a), []preflight.Finding{a}, preflight.Unchanged, preflight.Ready, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			r := of(policy.Rules{Baseline: &c.before, FailOnNew: true}, c.now...)
			if r.Verdict != c.verdict || len(r.Baseline.Gone) != c.gone || len(r.Baseline.Open) != c.open {
				t.Errorf("%s, %d gone, %d open", r.Verdict, len(r.Baseline.Gone), len(r.Baseline.Open))
			}
			if len(r.Findings) > 0 && r.Findings[0].Baseline != c.state {
				t.Errorf("%s, want %s", r.Findings[0].Baseline, c.state)
			}
			plain := of(policy.Rules{Baseline: &c.before}, c.now...)
			if without := of(policy.Rules{}, c.now...); plain.Verdict != without.Verdict {
				t.Errorf("a baseline alone turns %s into %s", without.Verdict, plain.Verdict)
			}
		})
	}
}

func ptr[T any](v T) *T { return &v }

func TestSameCluster(t *testing.T) {
	r := apply(finding("GP101"), policy.Rules{})
	r.Cluster = preflight.ReportCluster{Project: "acme", Location: "eu", Name: "prod"}
	if err := policy.SameCluster(r, "acme", "", "prod"); err != nil {
		t.Error(err)
	}
	if policy.SameCluster(r, "acme", "eu", "dev") == nil {
		t.Error("dev is taken for prod")
	}
}
