package simulation

import (
	"slices"
	"testing"

	"github.com/gke-preflight/gke-preflight/preflight/bootstrap"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/manifest"
)

func on(t *testing.T, manifests string, observations ...facts.Observation) Simulation {
	t.Helper()
	untouched, ok := bootstrap.Untouched("1.35")
	if !ok {
		t.Fatal("the catalogue has no 1.35")
	}
	s := facts.New(facts.Meta{Target: "1.36"}, append(untouched, observations...)...)
	var added []manifest.Name
	if manifests != "" {
		var err error
		if s, added, err = manifest.Apply(s, "f.yaml", []byte(manifests)); err != nil {
			t.Fatal(err)
		}
	}
	return Of(s, added)
}

const closed = `apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata: {name: w}
webhooks:
- name: w.example.org
  clientConfig: {service: {namespace: w, name: w}}
  sideEffects: None
  admissionReviewVersions: [v1]
  rules: [{apiGroups: [rbac.authorization.k8s.io], apiVersions: [v1], operations: ["*"], resources: [clusterroles]}]
`

const open = closed + `  failurePolicy: Ignore
`

const onConfigMaps = `apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata: {name: w}
webhooks:
- name: w.example.org
  clientConfig: {service: {namespace: w, name: w}}
  sideEffects: None
  admissionReviewVersions: [v1]
  rules: [{apiGroups: [""], apiVersions: [v1], operations: ["*"], resources: [configmaps]}]
`

const onLeases = `apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata: {name: w}
webhooks:
- name: w.example.org
  clientConfig: {service: {namespace: w, name: w}}
  sideEffects: None
  admissionReviewVersions: [v1]
  rules: [{apiGroups: [coordination.k8s.io], apiVersions: [v1], operations: ["*"], resources: [leases]}]
  failurePolicy: Ignore
`

const denies = `apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: p}
spec:
  matchConstraints: {resourceRules: [{apiGroups: [rbac.authorization.k8s.io], apiVersions: [v1], operations: ["*"], resources: [clusterroles]}]}
  validations: [{expression: "false"}]
`

const bound = `---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: b}
spec: {policyName: p, validationActions: [Deny]}
`

func TestVerdict(t *testing.T) {
	for name, c := range map[string]struct {
		sim  Simulation
		want Verdict
	}{
		"nothing there":                             {on(t, ""), Clear},
		"a webhook that fails closed":               {on(t, closed), Endangered},
		"one that fails open":                       {on(t, open), Clear},
		"one on what no fatal hook writes":          {on(t, onConfigMaps), Clear},
		"one that fails open on leases, too late":   {on(t, onLeases), Endangered},
		"one that fails open on leases, in time":    {on(t, onLeases+"  timeoutSeconds: 4\n"), Clear},
		"a policy that denies, unbound":             {on(t, denies), Clear},
		"a policy that denies":                      {on(t, denies+bound), Endangered},
		"roles that could not be read":              {on(t, "", facts.Absent(facts.ClusterRoles, facts.Forbidden, "")), Undecided},
		"webhooks that could not be read":           {on(t, "", facts.Absent(facts.ValidatingWebhooks, facts.Forbidden, "")), Undecided},
		"a fail-closed webhook, roles not read too": {on(t, closed, facts.Absent(facts.PriorityClasses, facts.Forbidden, "")), Endangered},
	} {
		if c.sim.Verdict != c.want {
			t.Errorf("%s: %s, want %s", name, c.sim.Verdict, c.want)
		}
	}
}

func TestSkippedMinorsAreNamed(t *testing.T) {
	older := facts.Present(facts.ServerVersion, facts.Version{GitVersion: "v1.33.13"})
	if sim := on(t, "", older); sim.Verdict != Undecided || !slices.Equal(sim.Skipped, []string{"1.34", "1.35"}) {
		t.Errorf("1.33 to 1.36 is %s and skips %v", sim.Verdict, sim.Skipped)
	}
	if sim := on(t, closed, older); sim.Verdict != Endangered {
		t.Errorf("with a webhook that fails closed 1.33 to 1.36 is %s", sim.Verdict)
	}
	soaking := facts.Present(facts.ServerVersion, facts.Version{GitVersion: "v1.36.3", Emulated: "1.35"})
	if sim := on(t, "", soaking); sim.Verdict != Clear || sim.Skipped != nil {
		t.Errorf("completing the upgrade to 1.36 is %s and skips %v", sim.Verdict, sim.Skipped)
	}
}
