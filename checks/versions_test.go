package checks

import (
	"strings"
	"testing"

	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/bootstrap"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/forecast"
	"github.com/gke-preflight/gke-preflight/preflight/version"
)

// TestVersionRules holds the table of docs/versions.md: on a healthy cluster,
// what is said of each kind of target, and with which exit code.
func TestVersionRules(t *testing.T) {
	healthy := withoutGKE(load(t, "../testdata/checks/GP301/next.txtar").s)
	for _, c := range []struct {
		name              string
		running, emulated string
		target            string
		exit              int
		outcome           forecast.Outcome
	}{
		{"next minor", "v1.35.4", "", "1.36", preflight.ExitReady, forecast.Ready},
		{"patch", "v1.35.4", "", "1.35.9", preflight.ExitReady, forecast.Ready},
		{"older patch", "v1.35.4", "", "1.35.1", preflight.ExitReady, forecast.Ready},
		{"older minor", "v1.36.3", "", "1.35", preflight.ExitNotReady, forecast.Unknown},
		{"skipped minors", "v1.34.4", "", "1.36", preflight.ExitNotReady, forecast.Ready},
		{"beyond the catalogue", "v1.98.0", "", "1.99", preflight.ExitInconclusive, forecast.Unknown},
		{"before the catalogue", "v1.27.1", "", "1.28", preflight.ExitInconclusive, forecast.Unknown},
		{"beyond the catalogue, and skipped", "v1.35.4", "", "1.99", preflight.ExitNotReady, forecast.Unknown},
		{"another major", "v1.36.3", "", "2.0", preflight.ExitNotReady, forecast.Unknown},
		{"to complete a two-step upgrade", "v1.36.3", "1.35", "1.36", preflight.ExitReady, forecast.Ready},
		{"to roll it back", "v1.36.3", "1.35", "1.35", preflight.ExitReady, forecast.Ready},
		{"beyond it", "v1.36.3", "1.35", "1.99", preflight.ExitNotReady, forecast.Unknown},
		{"no target", "v1.35.4", "", "", preflight.ExitInconclusive, forecast.Unknown},
		{"no version", "v1.35.4", "", "latest", preflight.ExitInconclusive, forecast.Unknown},
	} {
		t.Run(c.name, func(t *testing.T) {
			meta := healthy.Meta
			meta.Target = c.target
			s := healthy.WithMeta(meta).With(facts.Present(facts.ServerVersion, facts.Version{GitVersion: c.running, Emulated: c.emulated}))
			r := preflight.NewReport(s, preflight.Run(s, All()), forecast.Of(s))
			if got := r.Verdict.ExitCode(); got != c.exit || r.Forecast.ControlPlane.Outcome != c.outcome {
				t.Errorf("exit code %d, outcome %s; want %d, %s\n%+v", got, r.Forecast.ControlPlane.Outcome, c.exit, c.outcome, r.Findings)
			}
			if told := r.Forecast.ControlPlane.Problem == ""; told != (c.outcome == forecast.Ready) {
				t.Errorf("the outcome is %s, and the problem %q", c.outcome, r.Forecast.ControlPlane.Problem)
			}
		})
	}
	s := healthy.With(facts.Absent(facts.ServerVersion, facts.Timeout, "no answer in 20 s"))
	if got := preflight.NewReport(s, preflight.Run(s, All()), forecast.Of(s)).Verdict.ExitCode(); got != preflight.ExitInconclusive {
		t.Errorf("with the version unreadable the exit code is %d", got)
	}
}

// TestTargetTooNew has a webhook that would stop what every upgrade so far has
// written, and stops kubelets today. That the target is not known is said once, the
// webhook is named for it, and the blocker that needs no target decides.
func TestTargetTooNew(t *testing.T) {
	s := withoutGKE(load(t, "../testdata/checks/GP101/frozen.txtar").s)
	minors := bootstrap.Minors()
	newest, err := version.Parse(minors[len(minors)-1])
	if err != nil {
		t.Fatal(err)
	}
	meta := s.Meta
	meta.Target = version.Version{Major: newest.Major, Minor: newest.Minor + 1}.Line()
	s = s.WithMeta(meta).With(facts.Present(facts.ServerVersion, facts.Version{GitVersion: "v" + newest.Line() + ".1"}))
	r := preflight.NewReport(s, preflight.Run(s, All()), forecast.Of(s))
	cp := r.Forecast.ControlPlane
	if r.Verdict != preflight.NotReady || cp.CoveredTarget != newest.Line() {
		t.Errorf("%s, and what can be foretold is %q", r.Verdict, cp.CoveredTarget)
	}
	said, named := 0, false
	for _, o := range r.Open {
		if o.Reason == cp.Problem {
			said++
		}
		named = named || o.Check == "GP101" && o.Severity == preflight.Blocker && strings.Contains(o.Reason, "ValidatingWebhookConfiguration opa")
	}
	if said != 1 || !named {
		t.Errorf("the problem is said %d times, and the webhook is named: %t\n%+v", said, named, r.Open)
	}
	for _, c := range r.Checks {
		switch c.ID {
		case "GP102", "GP104", "GP106":
			if c.Status != preflight.Undecided {
				t.Errorf("%s is %s", c.ID, c.Status)
			}
		}
	}
}

// withoutGKE leaves out what GKE would say of each target, which is not the rule
// of this table.
func withoutGKE(s *facts.Snapshot) *facts.Snapshot {
	for _, f := range facts.All() {
		if len(f.Access().Permissions) > 0 {
			s = s.With(facts.Absent(f, facts.LeftOut, "--no-gke"))
		}
	}
	return s
}
