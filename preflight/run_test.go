package preflight

import (
	"encoding/json"
	"strings"
	"testing"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/forecast"
)

func check(id string, worst Severity, fs ...Finding) Check {
	return Check{ID: id, Name: id, Severity: worst, Run: func(*facts.Snapshot) []Finding { return fs }}
}

func TestVerdict(t *testing.T) {
	node := Subject{Kind: "Node", Name: "n1"}
	found := func(s Severity) Finding { return Finding{Severity: s, Subject: node} }
	open := func(s Severity) Finding { return Finding{Severity: s, Subject: node, Undecided: "not asked"} }
	needing := func(c Check, f facts.Fact) Check { c.Needs = []facts.Fact{f}; return c }
	s := facts.New(facts.Meta{}, facts.Absent(facts.Nodes, facts.Forbidden, ""), facts.Absent(facts.GKECluster, facts.LeftOut, "--no-gke"))
	for name, c := range map[string]struct {
		checks []Check
		want   Verdict
	}{
		"nothing found":                         {[]Check{check("GP1", Blocker)}, Ready},
		"a warning":                             {[]Check{check("GP1", Blocker, found(Warning))}, Ready},
		"a blocker":                             {[]Check{check("GP1", Blocker, found(Blocker))}, NotReady},
		"an open question that could block":     {[]Check{check("GP1", Blocker, open(Blocker))}, Inconclusive},
		"an open question that could only warn": {[]Check{check("GP1", Blocker, open(Warning))}, Ready},
		"an open question beside a warning":     {[]Check{check("GP1", Blocker, found(Warning), open(Blocker))}, Inconclusive},
		"a blocker beside an open question":     {[]Check{check("GP1", Blocker, found(Blocker)), check("GP2", Blocker, open(Blocker))}, NotReady},
		"a blocking check without its fact":     {[]Check{needing(check("GP1", Blocker), facts.Nodes)}, Inconclusive},
		"a warning check without its fact":      {[]Check{needing(check("GP1", Warning), facts.Nodes)}, Ready},
		"a blocking check left out on request":  {[]Check{needing(check("GP1", Blocker), facts.GKECluster)}, Ready},
	} {
		t.Run(name, func(t *testing.T) {
			r := NewReport(s, Run(s, c.checks), forecast.Forecast{})
			if r.Verdict != c.want {
				t.Errorf("verdict is %s, want %s", r.Verdict, c.want)
			}
		})
	}
}

func TestRunNamesTheCause(t *testing.T) {
	a := check("GP1", Warning, Finding{Severity: Warning, Subject: Subject{Kind: "Node", Name: "n1"}})
	b := check("GP2", Blocker, Finding{Severity: Blocker, Subject: Subject{Kind: "Node", Name: "n1"}}, Finding{Severity: Blocker, Subject: Subject{Kind: "Node", Name: "n2"}})
	b.After = []string{"GP1"}
	rs := Run(facts.New(facts.Meta{}), []Check{b, a})
	if got := rs[1].Findings; got[0].CausedBy != "GP1" || got[1].CausedBy != "" {
		t.Errorf("causes are %q and %q, want GP1 and none", got[0].CausedBy, got[1].CausedBy)
	}
}

func TestFingerprintIgnoresWording(t *testing.T) {
	s := facts.New(facts.Meta{})
	of := func(f Finding) string { return Run(s, []Check{check("GP1", Blocker, f)})[0].Findings[0].Fingerprint }
	subject := Subject{Kind: "Node", Name: "n1"}
	if of(Finding{Subject: subject, Summary: "a"}) != of(Finding{Subject: subject, Summary: "b"}) {
		t.Error("the same finding in other words has another fingerprint")
	}
	if of(Finding{Subject: subject}) == of(Finding{Subject: Subject{Kind: "Node", Name: "n2"}}) {
		t.Error("two nodes have the same fingerprint")
	}
}

func TestReportCleansWhatTheClusterSays(t *testing.T) {
	f := Finding{
		Severity: Blocker, Subject: Subject{Kind: "Node", Name: "n\x1b[31m1"},
		Summary:  "one\ntwo \u202Eevil",
		Evidence: []Evidence{{Value: map[string]any{"k\x07": []any{"\x1b]0;t\x07"}}}},
		Remedy:   "do:\nkubectl get \x1b[2Jpods",
	}
	s := facts.New(facts.Meta{Cluster: facts.Cluster{Name: "a\rb"}}, facts.Absent(facts.Nodes, facts.Failed, "\x1b[31mred"))
	b, err := json.Marshal(NewReport(s, Run(s, []Check{check("GP1", Blocker, f)}), forecast.Forecast{}))
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{`\u001b`, `\u0007`, "\u202E", `\r`, `one\ntwo`} {
		if strings.Contains(string(b), bad) {
			t.Errorf("the report holds %s", bad)
		}
	}
	if !strings.Contains(string(b), `do:\nkubectl`) {
		t.Error("the lines of a remedy were joined")
	}
}

func FuzzClean(f *testing.F) {
	f.Add("a\x1b[31mb\u202Ec\xff")
	f.Add(strings.Repeat("é", MaxString+5))
	f.Fuzz(func(t *testing.T, s string) {
		c := Clean(s)
		if strings.ContainsAny(c, "\x1b\n\r\x00\u2028\u2029\u202e\u2066\u009b") || len([]rune(c)) > MaxString {
			t.Errorf("Clean(%q) = %q", s, c)
		}
		if Clean(c) != c {
			t.Errorf("Clean(%q) is not clean", c)
		}
	})
}

// TestMild holds that nobody is told to change what is as mild as the change makes it, and
// that whatever else there is of the webhook's timeout and policy is told of.
func TestMild(t *testing.T) {
	subject := Subject{Kind: "ValidatingWebhookConfiguration", Name: "opa-validating-webhook", Webhook: "validating-webhook.openpolicyagent.org"}
	for _, c := range []struct {
		policy  admissionregistrationv1.FailurePolicyType
		seconds int32
		told    bool
	}{{admissionregistrationv1.Ignore, 1, false}, {admissionregistrationv1.Ignore, 2, true}, {admissionregistrationv1.Fail, 1, true}} {
		s := facts.New(facts.Meta{}, facts.Present(facts.ValidatingWebhooks, []admissionregistrationv1.ValidatingWebhookConfiguration{{
			ObjectMeta: metav1.ObjectMeta{Name: subject.Name},
			Webhooks:   []admissionregistrationv1.ValidatingWebhook{{Name: subject.Webhook, FailurePolicy: &c.policy, TimeoutSeconds: &c.seconds}},
		}}))
		f := Run(s, []Check{check("GP1", Blocker, Finding{Subject: subject})})[0].Findings[0]
		if f.Addon == nil || (f.Addon.Do != "") != c.told {
			t.Errorf("%s after %d s: %+v", c.policy, c.seconds, f.Addon)
		}
	}
}

// TestKnownAddons holds that a finding names the add-on by the exact names of the map
// alone: those in a cluster are anybody's.
func TestKnownAddons(t *testing.T) {
	kyverno := Subject{Kind: "ValidatingWebhookConfiguration", Name: "kyverno-resource-validating-webhook-cfg", Webhook: "validate.kyverno.svc-fail"}
	near := Subject{Kind: kyverno.Kind, Name: kyverno.Name + "\x1b", Webhook: kyverno.Webhook + "x"}
	found := Run(facts.New(facts.Meta{}), []Check{check("GP1", Blocker, Finding{Subject: kyverno}, Finding{Subject: near}, Finding{Subject: Subject{Kind: "Node", Name: kyverno.Name}})})[0].Findings
	if a := found[0].Addon; a == nil || a.Name != "kyverno" || a.Do == "" || a.Docs != "https://github.com/gke-preflight/gke-preflight/blob/main/docs/map/kyverno.md" {
		t.Errorf("Kyverno's webhook is known as %+v", a)
	}
	for _, f := range found[1:] {
		if f.Addon != nil {
			t.Errorf("%q is known as %s", f.Subject, f.Addon.Name)
		}
	}
}
