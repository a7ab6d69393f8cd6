package render

import (
	"strings"
	"testing"

	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/admission"
	"github.com/gke-preflight/gke-preflight/preflight/forecast"
)

// TestCulpritOnce: a policy that several checks have a blocker on is one culprit. It stood
// there once for each, and what else blocks was among the causes that are only counted.
func TestCulpritOnce(t *testing.T) {
	policy := admission.Culprit{Kind: admission.ValidatingPolicy, Name: "pol"}
	r := base()
	r.Verdict = preflight.NotReady
	r.Forecast.Lifelines = []forecast.Lifeline{{Name: "pods of kube-system", Outcome: forecast.Lost, Writes: []forecast.LifelineWrite{{Write: forecast.Write{
		Effect: forecast.Rejects, InterceptedBy: []forecast.Interception{{Culprit: policy, FailurePolicy: "Fail", Answer: "denied", Effect: forecast.Rejects}},
	}}}}}
	blocker := func(check string, of preflight.Subject) preflight.Finding {
		return preflight.Finding{Check: check, Severity: preflight.Blocker, Subject: of, Summary: "it blocks", Fingerprint: check}
	}
	for _, check := range []string{"GP101", "GP112", "GP113", "GP201", "GP202"} {
		r.Findings = append(r.Findings, blocker(check, preflight.SubjectOf(policy)))
	}
	r.Findings = append(r.Findings, blocker("GP501", preflight.Subject{Kind: "Cluster", Name: "prod"}))
	got := table(t, r, Options{})
	screen, _, _ := strings.Cut(got, "What to do now")
	if n := strings.Count(screen, "Culprit: ValidatingAdmissionPolicy pol"); n != 1 {
		t.Errorf("the policy is named as culprit %d times:\n%s", n, got)
	}
	for _, want := range []string{"(GP501)", "2 causes, 6 blockers"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not said:\n%s", want, got)
		}
	}
}
