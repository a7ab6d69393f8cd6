package cure

import (
	"fmt"
	"strings"
	"testing"

	"github.com/gke-preflight/gke-preflight/preflight/forecast"
)

// TestMany has fifty webhooks hang at once: each gets its own patch, and only all
// together let the upgrade through.
func TestMany(t *testing.T) {
	const many = 50
	var hooks, attempts strings.Builder
	for n := range many {
		fmt.Fprintf(&hooks, "- {metadata: {name: w%d}, webhooks: [{name: w%d.example.org, failurePolicy: Fail, timeoutSeconds: 10, sideEffects: None, admissionReviewVersions: [v1], rules: [{apiGroups: ['*'], apiVersions: ['*'], resources: ['*/*'], operations: ['*']}], clientConfig: {service: {namespace: opa, name: opa}}}]}\n", n, n)
		fmt.Fprintf(&attempts, "- {type: Validating, config: w%d, webhook: w%d.example.org, write: x, vantage: pod-network, target: 'opa/opa:443', answer: hung-before-tls, ms: 10000}\n", n, n)
	}
	s := recording(t, "-- validating-webhooks.yaml --\n"+hooks.String()+"-- attempts.yaml --\n"+attempts.String())
	p := Of(s)
	if len(p.Cures) != many || len(p.Left) > 0 || p.Before.Outcome != forecast.CrashLoop || p.After.Outcome != forecast.Ready || len(p.After.Lifelines) > 0 {
		t.Errorf("%d cures turn %s into %s; left: %+v", len(p.Cures), p.Before.Outcome, p.After.Outcome, p.Left)
	}
	for _, c := range p.Cures {
		if !c.Cures || c.After.Outcome != forecast.Ready {
			t.Errorf("%s: %s", c.Name, c.After.Outcome)
		}
	}
}
