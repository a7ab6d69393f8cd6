package simulation

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/gke-preflight/gke-preflight/preflight/bootstrap"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/lifeline"
	"github.com/gke-preflight/gke-preflight/preflight/manifest"
)

func untouched(t *testing.T, observations ...facts.Observation) *facts.Snapshot {
	t.Helper()
	untouched, ok := bootstrap.Untouched("1.35")
	if !ok {
		t.Fatal("the catalogue has no 1.35")
	}
	return facts.New(facts.Meta{Target: "1.36"}, append(untouched, observations...)...)
}

func apply(t *testing.T, s *facts.Snapshot, manifests string) (*facts.Snapshot, *manifest.Added, error) {
	t.Helper()
	m, err := manifest.Read("f.yaml", []byte(manifests))
	if err != nil {
		return nil, nil, err
	}
	s, added, err := manifest.Apply(s, true, m)
	return s, &added, err
}

func on(t *testing.T, manifests string, observations ...facts.Observation) Simulation {
	t.Helper()
	s := untouched(t, observations...)
	if manifests == "" {
		return Of(s, nil)
	}
	s, added, err := apply(t, s, manifests)
	if err != nil {
		t.Fatal(err)
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
		"one that is restarted for it, again":       {on(t, open+"  timeoutSeconds: 20\n"), Endangered},
		"one on what no fatal hook writes":          {on(t, onConfigMaps), Clear},
		"one that fails open on leases, too late":   {on(t, onLeases), Endangered},
		"one that fails open on leases, in time":    {on(t, onLeases+"  timeoutSeconds: 4\n"), Clear},
		"a policy that denies, unbound":             {on(t, denies), NoEffect},
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

// denying is a policy, as bound, that denies a resource with these operations by that
// expression, failing open.
func denying(group, resource, operations, expression string) string {
	return fmt.Sprintf(`apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: p}
spec:
  failurePolicy: Ignore
  matchConstraints: {resourceRules: [{apiGroups: [%q], apiVersions: ["*"], operations: [%s], resources: [%q]}]}
  validations: [{expression: %q}]
`, group, operations, resource, expression) + bound
}

// TestDenials: a policy that denies anything which the cluster lives by, or its nodes'
// upgrade, is not clear, whatever webhooks may be waited for; the step is that of the write.
func TestDenials(t *testing.T) {
	for _, c := range []struct {
		group, resource, operations, expression string
		want                                    Verdict
		part                                    Part
		line                                    string
	}{
		{"", "configmaps", `"*"`, "false", Endangered, Lives, "add-on manager"},
		{"", "serviceaccounts", `"*"`, "false", Endangered, Lives, "add-on manager"},
		{"", "configmaps", `"*"`, "request.userInfo.username != 'system:addon-manager'", Endangered, Lives, "add-on manager"},
		{"", "configmaps", `"*"`, "has(object.metadata.annotations) && 'team' in object.metadata.annotations", Undecided, Lives, "add-on manager"},
		{"", "configmaps", `"*"`, "object.metadata.namespace == 'kube-system'", Clear, "", ""},
		{"apiextensions.k8s.io", "customresourcedefinitions", "UPDATE", "false", Endangered, Lives, lifeline.Definitions},
		{"apiextensions.k8s.io", "customresourcedefinitions", "CREATE", "false", Endangered, Lives, lifeline.Definitions},
		{"apiextensions.k8s.io", "customresourcedefinitions", "CREATE", "object.spec.group == 'autoscaling.gke.io'", Undecided, Lives, lifeline.Definitions},
		{"apiextensions.k8s.io", "customresourcedefinitions", "CREATE", "object.spec.group != 'example.org'", Clear, "", ""},
		{"authentication.k8s.io", "tokenreviews", `"*"`, "false", Clear, "", ""}, // policies see none
		{"", "pods/eviction", `"*"`, "false", Endangered, Nodes, lifeline.Evictions},
		{"", "pods", "DELETE", "false", Endangered, Nodes, "pod deletions"},
		{"storage.k8s.io", "csinodes", `"*"`, "false", Endangered, Nodes, "CSI nodes"},
		{"storage.k8s.io", "volumeattachments", `"*"`, "false", Endangered, Nodes, "volume attachments"},
		{"", "persistentvolumes", `"*"`, "false", Endangered, Nodes, "persistent volumes"},
		{"apps", "replicasets/status", `"*"`, "false", Endangered, Nodes, "status of workloads"},
		{"apps", "replicasets/status", `"*"`, "true", Clear, "", ""},
		{"example.org", "widgets", `"*"`, "false", Clear, "", ""},
	} {
		sim := on(t, denying(c.group, c.resource, c.operations, c.expression))
		if sim.Verdict != c.want {
			t.Errorf("%s of %s by %s: %s, want %s: %+v", c.operations, c.resource, c.expression, sim.Verdict, c.want, sim.Harms)
		}
		if c.line != "" && !slices.ContainsFunc(sim.Harms, func(h Harm) bool { return h.Name == c.line && h.Part == c.part && h.Perhaps == (c.want == Undecided) }) {
			t.Errorf("%s of %s by %s: %s is not named: %+v", c.operations, c.resource, c.expression, c.line, sim.Harms)
		}
	}
}

// TestWaiting: what a webhook that does not answer holds up, and takes no cluster down by, is
// clear and named.
func TestWaiting(t *testing.T) {
	for manifests, want := range map[string][]string{onConfigMaps: {"add-on manager"}, onConfigMaps + "  failurePolicy: Ignore\n": nil, open: nil} {
		if sim := on(t, manifests); sim.Verdict != Clear || !slices.Equal(sim.Waiting, want) {
			t.Errorf("%s, and %v waits, want %v", sim.Verdict, sim.Waiting, want)
		}
	}
}

// TestDefinitions: that of the CustomResourceDefinitions is a line of each cluster, whether a
// recording of an earlier version asked about it or not.
func TestDefinitions(t *testing.T) {
	guard := strings.NewReplacer("rbac.authorization.k8s.io", "apiextensions.k8s.io", "clusterroles", "customresourcedefinitions").Replace(closed)
	sim := on(t, guard)
	if sim.Verdict != Endangered || !slices.ContainsFunc(sim.Harms, func(h Harm) bool { return h.Name == lifeline.Definitions && h.Part == Lives && !h.Perhaps }) {
		t.Errorf("%s: %+v", sim.Verdict, sim.Harms)
	}
	if sim = on(t, guard+"  failurePolicy: Ignore\n"); sim.Verdict != Clear {
		t.Errorf("failing open: %s: %+v", sim.Verdict, sim.Harms)
	}
}

// hooks returns a manifest of webhooks of a kind on everything, all with that
// failurePolicy and timeout.
func hooks(kind, policy string, seconds, count int) string {
	m := fmt.Sprintf("---\napiVersion: admissionregistration.k8s.io/v1\nkind: %sWebhookConfiguration\nmetadata: {name: %s}\nwebhooks:\n", kind, strings.ToLower(kind))
	for n := range count {
		m += fmt.Sprintf(`- name: w%d.example.org
  clientConfig: {service: {namespace: w, name: w}}
  failurePolicy: %s
  timeoutSeconds: %d
  sideEffects: None
  admissionReviewVersions: [v1]
  rules: [{apiGroups: ["*"], apiVersions: ["*"], operations: ["*"], resources: ["*/*"]}]
`, n, policy, seconds)
	}
	return m
}

// TestWaitsAddUp: webhooks that fail open are waited for, mutating ones one after
// the other and then the validating ones all at once. Together they may be too late
// where each alone is not.
func TestWaitsAddUp(t *testing.T) {
	const mutating, validating = "Mutating", "Validating"
	for name, c := range map[string]struct {
		manifests, says string
		want            Verdict
	}{
		"one of 3 s":                {hooks(mutating, "Ignore", 3, 1), "", Clear},
		"two validating ones":       {hooks(validating, "Ignore", 3, 2), "", Clear},
		"one of each":               {hooks(mutating, "Ignore", 3, 1) + hooks(validating, "Ignore", 3, 1), "leader election of kube-scheduler", Endangered},
		"two mutating ones":         {hooks(mutating, "Ignore", 3, 2), "leader election of kube-scheduler", Endangered},
		"two that pass 34 s":        {hooks(mutating, "Ignore", 30, 2), "rbac/bootstrap-roles", Endangered},
		"one of 30 s":               {hooks(validating, "Ignore", 30, 1), "node leases", Endangered},
		"a policy beside a webhook": {denies + bound + hooks(validating, "Ignore", 1, 1), "rbac/bootstrap-roles", Endangered},
	} {
		sim := on(t, c.manifests)
		if found := slices.ContainsFunc(sim.Harms, func(h Harm) bool { return h.Name == c.says && h.Reason != "" }); sim.Verdict != c.want || found != (c.says != "") {
			t.Errorf("%s: %s, by %+v", name, sim.Verdict, sim.Harms)
		}
	}
}

// TestAddedToWhatIsThere: the verdict on a manifest is about what it adds: not what
// is there already, but what comes of both together.
func TestAddedToWhatIsThere(t *testing.T) {
	with := func(there, added string) Simulation {
		t.Helper()
		s, _, err := apply(t, untouched(t), there)
		if err != nil {
			t.Fatal(err)
		}
		s, names, err := apply(t, s, added)
		if err != nil {
			t.Fatal(err)
		}
		return Of(s, names)
	}
	open3 := hooks("Mutating", "Ignore", 3, 1)
	for name, c := range map[string]struct {
		there, added string
		want         Verdict
	}{
		"beside one that fails closed":  {hooks("Validating", "Fail", 10, 1), open3, Clear},
		"beside one that is as slow":    {hooks("Validating", "Ignore", 3, 1), open3, Endangered},
		"in place of one":               {hooks("Mutating", "Fail", 10, 1), open3, Clear},
		"beside a policy that denies":   {denies + bound, open3, Clear},
		"a binding of a policy there":   {denies, strings.TrimPrefix(bound, "---\n"), Endangered},
		"a policy that has its binding": {bound, denies, Endangered},
	} {
		if sim := with(c.there, c.added); sim.Verdict != c.want {
			t.Errorf("%s: %s, by %+v", name, sim.Verdict, sim.Harms)
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
