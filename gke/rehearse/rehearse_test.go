package rehearse_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/gke-preflight/gke-preflight/gke/controlplane"
	"github.com/gke-preflight/gke-preflight/gke/controlplane/binaries"
	"github.com/gke-preflight/gke-preflight/gke/rehearse"
	"github.com/gke-preflight/gke-preflight/preflight/admission"
	"github.com/gke-preflight/gke-preflight/preflight/bootstrap"
	"github.com/gke-preflight/gke-preflight/preflight/cure"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/forecast"
	"github.com/gke-preflight/gke-preflight/preflight/manifest"
	"github.com/gke-preflight/gke-preflight/preflight/rehearsal"
)

func TestMain(m *testing.M) {
	if code, failed := controlplane.Become(); failed {
		os.Exit(code)
	}
	os.Exit(m.Run())
}

// hop are the minors that are rehearsed between. It skips the test where their programs
// are not built, and fails it in CI.
func hop(t *testing.T) (from, to binaries.Binary) {
	t.Helper()
	from, to, err := binaries.Hop()
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range []binaries.Binary{from, to} {
		built, err := b.Built()
		switch {
		case err == nil && built:
		case os.Getenv("CI") == "true":
			t.Fatalf("%s is not built: %v", b, err)
		default:
			t.Skipf("%s is not built: run make controlplane", b)
		}
	}
	return from, to
}

const webhook = `apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata: {name: roles}
webhooks:
- name: roles.example.org
  clientConfig: {service: {namespace: hooks, name: roles}}
  sideEffects: None
  timeoutSeconds: 1
  admissionReviewVersions: [v1]
  rules: [{apiGroups: [rbac.authorization.k8s.io], apiVersions: [v1], operations: ["*"], resources: [clusterroles]}]
`

// cluster is an untouched one with a webhook on ClusterRoles, whose one Pod was asked
// about every write of the upgrade, and answered as said.
func cluster(t *testing.T, answers func(write string) facts.Attempt) *facts.Snapshot {
	t.Helper()
	from, to := hop(t)
	return between(t, from.Minor(), to.Minor(), answers)
}

// between is [cluster] for other minors, and for a Pod for each of answers.
func between(t *testing.T, from, to string, answers ...func(write string) facts.Attempt) *facts.Snapshot {
	t.Helper()
	return on(t, webhook, from, to, answers...)
}

// on is [between] for another webhook of that Service.
func on(t *testing.T, webhook, from, to string, answers ...func(write string) facts.Attempt) *facts.Snapshot {
	t.Helper()
	untouched, ok := bootstrap.Untouched(from)
	if !ok {
		t.Fatalf("the catalogue has no %s", from)
	}
	s := facts.New(facts.Meta{Target: to, PerEndpoint: true}, untouched...)
	backend := facts.ServiceEndpoints{Namespace: "hooks", Service: "roles"}
	for n := range answers {
		backend.Endpoints = append(backend.Endpoints, facts.Endpoint{IP: fmt.Sprintf("10.4.0.%d", 7+n), Port: 8443, Ready: true, Pod: fmt.Sprintf("roles-%d", n)})
	}
	services, _ := facts.Services.Get(s)
	namespaces, _ := facts.Namespaces.Get(s)
	s = s.With(
		facts.Present(facts.Namespaces, append(slices.Clone(namespaces), facts.Namespace{Name: "hooks", Labels: map[string]string{"kubernetes.io/metadata.name": "hooks"}})),
		facts.Present(facts.Services, append(slices.Clone(services), facts.Service{Namespace: "hooks", Name: "roles", Type: "ClusterIP",
			Ports: []facts.ServicePort{{Port: 443, TargetPort: "8443", Protocol: "TCP"}}})),
		facts.Present(facts.Endpoints, []facts.ServiceEndpoints{backend}),
	)
	m, err := manifest.Read("webhook.yaml", []byte(webhook))
	if err != nil {
		t.Fatal(err)
	}
	if s, _, err = manifest.Apply(s, true, m); err != nil {
		t.Fatal(err)
	}
	attempts := []facts.Attempt{}
	for _, i := range admission.Intercept(s) {
		for _, by := range i.By {
			for n, answer := range answers {
				a := answer(i.Write.Key())
				a.Type, a.Config, a.Webhook, a.Write = by.Kind.Type(), by.Name, by.Webhook, i.Write.Key()
				a.Vantage, a.Target = facts.PodNetwork, fmt.Sprintf("10.4.0.%d:8443", 7+n)
				attempts = append(attempts, a)
			}
		}
	}
	if len(attempts) == 0 {
		t.Fatal("the webhook sees no write")
	}
	return s.With(facts.Present(facts.Attempts, attempts))
}

func allowed(string) facts.Attempt { return facts.Attempt{Answer: facts.Allowed, Milliseconds: 2} }

func denied(string) facts.Attempt {
	return facts.Attempt{Answer: facts.Denied, Milliseconds: 2, Status: 403}
}

// A user who is told that the upgrade was rehearsed must be able to rely on each line of
// it: here of a cluster that gets ready.
func TestAllClear(t *testing.T) {
	t.Parallel()
	all, err := rehearse.Run(t.Context(), rehearse.Options{Snapshot: cluster(t, allowed)})
	if err != nil {
		t.Fatal(err)
	}
	r := all[0]
	if !r.Confirms() || r.Outcome != forecast.Ready || r.Control.State != "ready" {
		t.Errorf("%+v", r)
	}
	if len(r.Calls) != 1 || r.Calls[0].Answer != string(facts.Allowed) || r.Calls[0].Assumed {
		t.Errorf("the stand-in was called as %+v", r.Calls)
	}
	if !slices.ContainsFunc(r.Writes, func(w rehearsal.Write) bool {
		return strings.Contains(w.Write, "clusterroles") && w.Failed == 0
	}) {
		t.Errorf("no ClusterRole among the writes %+v", r.Writes)
	}
}

// One write denied is enough for a crash-loop, and the patches of fix really cure it.
func TestDeniedAndCured(t *testing.T) {
	t.Parallel()
	first := ""
	s := cluster(t, func(write string) facts.Attempt {
		if first == "" && strings.HasPrefix(write, "UPDATE clusterroles") {
			first = write
		}
		if write == first {
			return denied(write)
		}
		return allowed(write)
	})
	_, patched := cure.With(s, cure.Options{})
	all, err := rehearse.Run(t.Context(), rehearse.Options{Snapshot: s, After: []rehearse.Act{{Name: "with the patches of fix", Snapshot: patched}}})
	if err != nil {
		t.Fatal(err)
	}
	before, after := all[0], all[1]
	if before.Outcome != forecast.CrashLoop || before.Agreement != rehearsal.Agrees || before.Start.ExitCode != 255 || before.Start.Hook != "rbac/bootstrap-roles" {
		t.Errorf("before: %+v", before)
	}
	failing := 0
	for _, w := range before.Writes {
		if w.Failing && strings.Contains(w.Write, "clusterroles") {
			failing++
		}
	}
	if failing != 1 {
		t.Errorf("%d ClusterRoles keep failing, and one was denied: %+v", failing, before.Writes)
	}
	if !after.Confirms() || after.Outcome != forecast.Ready {
		t.Errorf("after: %+v", after)
	}
	// What the first start wrote must be undone, or the patches are tried on nothing.
	if a, b := roleWrites(after), roleWrites(before); a < b || b < 2 {
		t.Errorf("%d ClusterRoles were written after the patches, and %d before", a, b)
	}
}

func roleWrites(r rehearsal.Result) (n int) {
	for _, w := range r.Writes {
		if strings.Contains(w.Write, " clusterroles.") {
			n++
		}
	}
	return n
}

// A forecast that is wrong must not pass for a right one: the stand-in denies what the
// forecast was told is allowed.
func TestDisagreement(t *testing.T) {
	t.Parallel()
	s := cluster(t, allowed)
	all, err := rehearse.Run(t.Context(), rehearse.Options{Snapshot: s, StandIns: func(*facts.Snapshot) []*rehearsal.StandIn {
		return rehearsal.StandIns(cluster(t, denied))
	}})
	if err != nil {
		t.Fatal(err)
	}
	if r := all[0]; r.Agreement != rehearsal.Differs || r.Foretold != forecast.Ready || r.Outcome != forecast.CrashLoop || len(r.Differences) == 0 || r.Confirms() {
		t.Errorf("%+v", r)
	}
}
