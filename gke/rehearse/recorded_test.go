package rehearse_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gke-preflight/gke-preflight/preflight/admission"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/forecast"
	"github.com/gke-preflight/gke-preflight/preflight/manifest"
	"github.com/gke-preflight/gke-preflight/preflight/rehearsal"
)

const stamping = `apiVersion: admissionregistration.k8s.io/v1
kind: MutatingWebhookConfiguration
metadata: {name: stamps}
webhooks:
- name: stamps.example.org
  clientConfig: {service: {namespace: hooks, name: roles}}
  sideEffects: None
  timeoutSeconds: 1
  admissionReviewVersions: [v1]
  rules: [{apiGroups: [rbac.authorization.k8s.io], apiVersions: [v1], operations: [UPDATE], resources: [clusterroles]}]
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: stamped}
spec:
  matchConstraints: {resourceRules: [{apiGroups: [rbac.authorization.k8s.io], apiVersions: [v1], operations: [UPDATE], resources: [clusterroles]}]}
  validations: [{expression: "object.metadata.labels[?'example.org/stamp'].orValue('') == 'yes'"}]
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: stamped}
spec: {policyName: stamped, validationActions: [Deny]}
`

// stamped is a cluster whose mutating webhook puts a label on each ClusterRole that is
// updated, without which a policy denies it.
func stamped(t *testing.T) *facts.Snapshot {
	t.Helper()
	s := cluster(t, allowed)
	m, err := manifest.Read("stamps.yaml", []byte(stamping))
	if err != nil {
		t.Fatal(err)
	}
	if s, _, err = manifest.Apply(s, false, m); err != nil {
		t.Fatal(err)
	}
	meta := s.Meta
	meta.Unapplied = nil
	s = s.WithMeta(meta)
	attempts := slices.Clone(facts.Attempts.Of(s))
	for _, i := range admission.Intercept(s) {
		for _, by := range i.By {
			if by.Kind != admission.MutatingWebhook {
				continue
			}
			attempts = append(attempts, facts.Attempt{Type: by.Kind.Type(), Config: by.Name, Webhook: by.Webhook, Write: i.Write.Key(), Vantage: facts.PodNetwork,
				Target: "10.4.0.7:8443", Answer: facts.Allowed, Milliseconds: 2, Patched: true,
				Patch: `[{"op":"add","path":"/metadata/labels/example.org~1stamp","value":"yes"}]`})
		}
	}
	return s.With(facts.Present(facts.Attempts, attempts))
}

// TestPatches: a stand-in that leaves out the patch which its webhook makes lets a policy
// deny what the cluster's lets pass.
func TestPatches(t *testing.T) {
	t.Parallel()
	s := stamped(t)
	if r := run(t, s); r.Outcome != forecast.Ready || !r.Confirms() {
		t.Errorf("with the patches: %s, foretold %s, %s %q %q", r.Outcome, r.Foretold, r.Agreement, r.Differences, r.Problems)
	}
	// As earlier versions have recorded it: what becomes of it is not known, which is told.
	attempts := slices.Clone(facts.Attempts.Of(s))
	for n := range attempts {
		attempts[n].Patch = ""
	}
	r := run(t, s.With(facts.Present(facts.Attempts, attempts)))
	if r.Foretold != forecast.Unknown || r.Agreement != rehearsal.Open || len(r.Problems) != 1 || !strings.Contains(r.Problems[0], "the patch that it makes is not in the recording") {
		t.Errorf("without the patches: %s, foretold %s, %s %q %q", r.Outcome, r.Foretold, r.Agreement, r.Differences, r.Problems)
	}
}

func said(ledger []rehearsal.Entry, what string) bool {
	return slices.ContainsFunc(ledger, func(e rehearsal.Entry) bool { return strings.HasPrefix(e.What, what) })
}

// TestRecordedDetails loads what selectors, expressions and hooks may read beside what is
// written: nothing of it may be refused, and none of it may make a write that the upgrade
// would not.
func TestRecordedDetails(t *testing.T) {
	t.Parallel()
	s := cluster(t, allowed)
	now := time.Now()
	meta := s.Meta
	meta.CollectedAt = now.Add(-48 * time.Hour)
	seen := meta.CollectedAt
	leases, _ := facts.IdentityLeases.Get(s)
	leases = append(slices.Clone(leases),
		facts.IdentityLease{Name: "apiserver-gone", Labels: map[string]string{"apiserver.kubernetes.io/identity": "kube-apiserver"}, Holder: "apiserver-gone_1", Seconds: 3600, Renewed: seen.Add(-2 * time.Hour)},
		facts.IdentityLease{Name: "apiserver-there", Labels: map[string]string{"apiserver.kubernetes.io/identity": "kube-apiserver"}, Holder: "apiserver-there_1", Seconds: 3600, Renewed: seen.Add(-time.Minute)})
	maps := slices.Clone(facts.SystemConfigMaps.Of(s))
	for n := range maps {
		maps[n].Labels, maps[n].Annotations = map[string]string{"team": "platform"}, map[string]string{"example.org/note": "a note, with blanks"}
	}
	namespaces := slices.Clone(facts.Namespaces.Of(s))
	for n := range namespaces {
		namespaces[n].Annotations = map[string]string{"example.org/tier": "system"}
	}
	definitions := []facts.CustomResource{
		{Name: "widgets.example.org", Kind: "Widget", Namespaced: true, Served: []string{"v1", "v1beta1"}, Stored: []string{"v1"}, Storage: "v1", Established: true},
		{Name: "gadgets.example.org", Kind: "Gadget", Served: []string{"v1"}, Stored: []string{"v0"}, Storage: "v0", Established: true},
		{Name: "things.apps.x-k8s.io", Kind: "Thing", Served: []string{"v1"}, Storage: "v1", Established: true},
		{Name: "gateways.gateway.networking.k8s.io", Kind: "Gateway", Namespaced: true, Served: []string{"v1"}, Storage: "v1", Established: true},
		{Name: "others.example.org", Kind: "Other", Served: []string{"v1"}, Storage: "v1"},
		{Name: "earlier.example.org", Served: []string{"v1"}},
	}
	r := run(t, s.WithMeta(meta).With(facts.Present(facts.IdentityLeases, leases), facts.Present(facts.SystemConfigMaps, maps), facts.Present(facts.Namespaces, namespaces), facts.Present(facts.CustomResources, definitions)))
	if !r.Confirms() || len(r.Loaded.Rejected) > 0 {
		t.Errorf("%s: %q %q", r.Agreement, r.Differences, r.Problems)
	}
	if !slices.ContainsFunc(r.Writes, func(w rehearsal.Write) bool {
		return w.Write == "delete leases.coordination.k8s.io kube-system/apiserver-gone" && w.Failed == 0
	}) {
		t.Errorf("the lease of an API server that is gone was not deleted: %+v", r.Writes)
	}
	if slices.ContainsFunc(r.Writes, func(w rehearsal.Write) bool { return strings.Contains(w.Write, "apiserver-there") }) {
		t.Errorf("the lease of one that was there is not left alone: %+v", r.Writes)
	}
	for _, what := range []string{"the schemas of 4 CustomResourceDefinitions", "2 CustomResourceDefinitions: not recorded"} {
		if !said(r.Ledger, what) {
			t.Errorf("%q is not in the ledger: %+v", what, r.Ledger)
		}
	}
}
