package admission

import (
	"fmt"

	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/admission"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/forecast"
)

var policyParamsUnknownAtStart = preflight.Check{
	ID:       "GP128",
	Name:     "policy-params-unknown-at-start",
	Title:    "A fail-closed policy takes parameters that a starting replica may not know",
	Severity: preflight.Warning,
	Steps:    []preflight.Step{preflight.ControlPlaneStep},
	Needs:    StartupNeeds(),
	Uses:     StartupUses(),
	Run: func(s *facts.Snapshot) (fs []preflight.Finding) {
		kinds := paramsUnknownAtStart(s)
		held := func(h forecast.Hook) bool { return h.Outcome != forecast.Ready }
		for _, b := range blame(s, held) {
			kind := kinds[b.Culprit.Object()]
			if kind == "" {
				continue
			}
			fs = append(fs, preflight.Finding{
				Severity: preflight.Warning,
				Subject:  b.subject(),
				Summary: fmt.Sprintf("%s fails closed and takes its parameters from %s, a custom resource that a replica may not know for its first 30 s; until then it rejects %s, so that the replica starts half a minute late, or exits and is started again",
					b.Interception, kind, b.counted()),
				Evidence: b.evidence(),
				Steps:    way(s, b.Culprit),
			})
		}
		return append(fs, OpenWarnings(s)...)
	},
}

// paramsUnknownAtStart are the policies that a starting
// replica may not be able to evaluate, with the kind of their parameters.
func paramsUnknownAtStart(s *facts.Snapshot) map[admission.Culprit]string {
	kinds := map[admission.Culprit]string{}
	for _, w := range admission.Intercept(s) {
		for _, i := range w.By {
			if i.AtStart != "" {
				kinds[i.Culprit().Object()] = i.ParamKind
			}
		}
	}
	return kinds
}
