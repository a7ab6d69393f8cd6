package rehearse_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gke-preflight/gke-preflight/gke/controlplane/binaries"
	"github.com/gke-preflight/gke-preflight/gke/rehearse"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/forecast"
	"github.com/gke-preflight/gke-preflight/preflight/manifest"
	"github.com/gke-preflight/gke-preflight/preflight/rehearsal"
)

// TestRecordings rehearses every recording there is: what was foretold of it really
// happens, or the forecast leaves it open. "make test-rehearse" runs it.
func TestRecordings(t *testing.T) {
	if os.Getenv(binaries.MinorsEnv) != "all" {
		t.Skip("takes minutes, and older minors: make test-rehearse runs it")
	}
	for _, pattern := range []string{"../../testdata/recorded/*.zip", "../../testdata/recorded/cases/*.zip", "../../testdata/recorded/others/*.zip"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %v", pattern, err)
		}
		for _, file := range files {
			t.Run(strings.TrimSuffix(filepath.Base(file), ".zip"), func(t *testing.T) {
				t.Parallel()
				b, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				s, err := facts.LoadZip(b)
				if err != nil {
					t.Fatal(err)
				}
				agrees(t, s)
			})
		}
	}
}

// agrees rehearses s. Nothing may be otherwise than foretold, and the control must hold,
// but in overrun: there each start has to write what takes too long, whatever its version.
func agrees(t *testing.T, s *facts.Snapshot) rehearsal.Result {
	t.Helper()
	all, err := rehearse.Run(t.Context(), rehearse.Options{Snapshot: s})
	if err != nil {
		t.Fatal(err)
	}
	r := all[0]
	t.Logf("%s → %s: %s after %.1f s, foretold %s: %s %s", r.From, r.To, r.Outcome, r.Start.Seconds, r.Foretold, r.Agreement, strings.Join(r.Problems, "; "))
	if r.Agreement == rehearsal.Differs || r.Agreement == rehearsal.Nothing && !strings.Contains(t.Name(), "/overrun") {
		t.Errorf("%s: %q", r.Agreement, r.Differences)
	}
	return r
}

// TestDraw has k of n Pods of a webhook that are bad: what becomes of the start is among
// what was foretold of the draw.
func TestDraw(t *testing.T) {
	if os.Getenv(binaries.MinorsEnv) != "all" {
		t.Skip("takes minutes: make test-rehearse runs it")
	}
	for _, hop := range [][2]string{{"1.35", "1.36"}, {"1.36", "1.37"}} {
		for _, of := range [][2]int{{1, 2}, {1, 3}, {2, 3}} {
			for _, bad := range []facts.Attempt{{Answer: facts.Hung, Milliseconds: 1000}, {Answer: facts.Refused}, {Answer: facts.Denied, Milliseconds: 2, Status: 403}} {
				t.Run(fmt.Sprintf("%s to %s/%d of %d %s", hop[0], hop[1], of[0], of[1], bad.Answer), func(t *testing.T) {
					t.Parallel()
					answers := make([]func(string) facts.Attempt, of[1])
					for n := range answers {
						answers[n] = allowed
						if n < of[0] {
							answers[n] = func(string) facts.Attempt { return bad }
						}
					}
					agrees(t, between(t, hop[0], hop[1], answers...))
				})
			}
		}
	}
}

// TestNewKind is kubernetes/kubernetes#137356: at the upgrade from 1.32 to 1.33 a webhook
// that works denies the kind that is new, and the process ends for it a minute later.
func TestNewKind(t *testing.T) {
	if os.Getenv(binaries.MinorsEnv) != "all" {
		t.Skip("takes minutes, and older minors: make test-rehearse runs it")
	}
	t.Parallel()
	onNetworking := strings.NewReplacer("rbac.authorization.k8s.io", "networking.k8s.io", "clusterroles", "servicecidrs").Replace(webhook)
	r := agrees(t, on(t, onNetworking, "1.32", "1.33", denied))
	if r.Outcome != forecast.CrashLoop || r.Start.Hook != "start-service-ip-repair-controllers" {
		t.Errorf("%+v", r)
	}
}

// TestOldestMinor is deckhouse/deckhouse#11020 on the oldest minor that is built here: its
// webhook on RBAC hangs for 10 s, since nothing of its backend runs any more.
func TestOldestMinor(t *testing.T) {
	if os.Getenv(binaries.MinorsEnv) != "all" {
		t.Skip("takes minutes, and older minors: make test-rehearse runs it")
	}
	t.Parallel()
	onRBAC := strings.NewReplacer("[clusterroles]", "[clusterroles, clusterrolebindings]", "timeoutSeconds: 1", "timeoutSeconds: 10").Replace(webhook)
	r := agrees(t, on(t, onRBAC, "1.30", "1.31", func(string) facts.Attempt { return facts.Attempt{Answer: facts.Hung, Milliseconds: 10000} }))
	if r.Outcome != forecast.CrashLoop || r.Start.Hook != "rbac/bootstrap-roles" {
		t.Errorf("%+v", r)
	}
}

const policy = `apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: limits}
spec:
  paramKind: {apiVersion: example.org/v1, kind: Limit}
  matchConstraints: {resourceRules: [{apiGroups: [rbac.authorization.k8s.io], apiVersions: [v1], operations: [UPDATE], resources: [clusterroles]}]}
  validations: [{expression: "params.open == true"}]
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: limits}
spec: {policyName: limits, paramRef: {name: all, parameterNotFoundAction: Deny}, validationActions: [Deny]}
`

// TestCustomParams has a policy whose parameters are of a custom kind, as Gatekeeper makes
// them (open-policy-agent/gatekeeper#4530): the recording has no definition of it.
func TestCustomParams(t *testing.T) {
	if os.Getenv(binaries.MinorsEnv) != "all" {
		t.Skip("takes minutes: make test-rehearse runs it")
	}
	t.Parallel()
	from, to := hop(t)
	s := between(t, from.Minor(), to.Minor(), allowed)
	m, err := manifest.Read("policy.yaml", []byte(policy))
	if err != nil {
		t.Fatal(err)
	}
	s = s.With(facts.Present(facts.PolicyParams, []facts.ParamKind{{APIVersion: "example.org/v1", Kind: "Limit", Resource: "limits",
		Objects: []map[string]any{{"apiVersion": "example.org/v1", "kind": "Limit", "metadata": map[string]any{"name": "all"}, "open": false}}}}))
	if s, _, err = manifest.Apply(s, false, m); err != nil {
		t.Fatal(err)
	}
	if r := agrees(t, s); r.Outcome != forecast.CrashLoop || len(r.Loaded.Rejected) > 0 {
		t.Errorf("%+v", r)
	}
}

// TestLargeCluster loads 2,000 objects.
func TestLargeCluster(t *testing.T) {
	if os.Getenv(binaries.MinorsEnv) != "all" {
		t.Skip("measures: make test-rehearse runs it")
	}
	s := cluster(t, allowed)
	services, _ := facts.Services.Get(s)
	for n := range 1000 {
		services = append(services, facts.Service{Namespace: "default", Name: fmt.Sprintf("s%d", n), Type: "ClusterIP",
			Ports: []facts.ServicePort{{Port: 80, Protocol: "TCP"}}})
	}
	namespaces, _ := facts.Namespaces.Get(s)
	for n := range 1000 {
		namespaces = append(namespaces, facts.Namespace{Name: fmt.Sprintf("n%d", n)})
	}
	r := agrees(t, s.With(facts.Present(facts.Services, services), facts.Present(facts.Namespaces, namespaces)))
	if r.Loaded.Objects < 2000 {
		t.Errorf("%d objects were loaded", r.Loaded.Objects)
	}
	t.Logf("%d objects in %.1f s", r.Loaded.Objects, r.Loaded.Seconds)
}
