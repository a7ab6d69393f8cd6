package manifest_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/gke-preflight/gke-preflight/preflight/admission"
	"github.com/gke-preflight/gke-preflight/preflight/bootstrap"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/forecast"
	"github.com/gke-preflight/gke-preflight/preflight/manifest"
	"github.com/gke-preflight/gke-preflight/preflight/rehearsal"
)

const onRoles = `apiVersion: admissionregistration.k8s.io/v1
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

// seen is an untouched cluster with a Service for each name, of which an endpoint is
// known where listed, and on which each write of the upgrade was tried and let pass.
func seen(t *testing.T, listed bool, names ...string) *facts.Snapshot {
	t.Helper()
	untouched, ok := bootstrap.Untouched("1.35")
	if !ok {
		t.Fatal("the catalogue has no 1.35")
	}
	s := facts.New(facts.Meta{Target: "1.36", PerEndpoint: true}, untouched...)
	services, _ := facts.Services.Get(s)
	endpoints := []facts.ServiceEndpoints{}
	for _, n := range names {
		services = append(slices.Clone(services), facts.Service{Namespace: "hooks", Name: n, Type: "ClusterIP", Ports: []facts.ServicePort{{Port: 443, TargetPort: "8443"}}})
		if listed {
			endpoints = append(endpoints, facts.ServiceEndpoints{Namespace: "hooks", Service: n, Endpoints: []facts.Endpoint{{IP: "10.4.0.7", Port: 8443, Ready: true}}})
		}
	}
	attempts := []facts.Attempt{}
	for _, w := range bootstrap.Of(s).Writes {
		attempts = append(attempts, facts.Attempt{Vantage: facts.ServerDryRun, Write: w.Key(), As: bootstrap.Loopback.Name, Answer: facts.Allowed, Milliseconds: 3})
	}
	return s.With(facts.Present(facts.Services, services), facts.Present(facts.Endpoints, endpoints), facts.Present(facts.Attempts, attempts))
}

func apply(t *testing.T, s *facts.Snapshot, text string) *facts.Snapshot {
	t.Helper()
	m, err := manifest.Read("m.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	after, _, err := manifest.Apply(s, false, m)
	if err != nil {
		t.Fatal(err)
	}
	return after
}

// TestUnapplied: what the cluster let pass before a webhook was there says nothing of
// what that webhook will say. Of the same webhook, already there, it says all.
func TestUnapplied(t *testing.T) {
	s := apply(t, seen(t, true, "roles"), onRoles)
	if got := forecast.Of(s).ControlPlane.Outcome; got != forecast.Unknown {
		t.Errorf("a webhook that nobody has asked: %s", got)
	}
	write := admission.Intercept(s)[0].Write.Key()
	if in := rehearsal.StandIns(s)[0]; in.To(write, "10.4.0.7:8443").Assumed == "" {
		t.Error("its stand-in takes what was let pass before for its own answer")
	}
	m := s.Meta
	m.Unapplied = nil
	there := s.WithMeta(m)
	if got := forecast.Of(there).ControlPlane.Outcome; got != forecast.Ready {
		t.Errorf("a webhook that was there, and let each write pass: %s", got)
	}
	if in := rehearsal.StandIns(there)[0]; in.To(write, "10.4.0.7:8443").Assumed != "" {
		t.Error("its stand-in knows nothing of what it let pass")
	}
	// Another one beside it, which was there: its proof stays.
	both := apply(t, there, strings.NewReplacer("name: roles}\nwebhooks", "name: maps}\nwebhooks", "roles.example", "maps.example", "[rbac.authorization.k8s.io]", `[""]`, "clusterroles", "configmaps").Replace(onRoles))
	for _, h := range forecast.Of(both).ControlPlane.Hooks {
		if h.Name == "rbac/bootstrap-roles" && h.Outcome != forecast.Ready {
			t.Errorf("with another webhook beside it, on ConfigMaps: %s", h.Outcome)
		}
	}
}

// TestReplaced: a write that was stopped by what the manifest replaces may pass now.
func TestReplaced(t *testing.T) {
	s := apply(t, seen(t, true, "roles"), onRoles)
	m := s.Meta
	m.Unapplied = nil
	s = s.WithMeta(m)
	attempts := slices.Clone(facts.Attempts.Of(s))
	for n := range attempts {
		if strings.Contains(attempts[n].Write, " clusterroles.") {
			attempts[n].Answer, attempts[n].Status, attempts[n].Detail = facts.Denied, 403, `admission webhook "roles.example.org" denied the request: no`
		}
	}
	s = s.With(facts.Present(facts.Attempts, attempts))
	if got := forecast.Of(s).ControlPlane.Outcome; got != forecast.CrashLoop {
		t.Errorf("as it is: %s", got)
	}
	if got := forecast.Of(apply(t, s, strings.Replace(onRoles, "[clusterroles]", "[rolebindings]", 1))).ControlPlane.Outcome; got == forecast.CrashLoop {
		t.Errorf("replaced by one that does not see the write: %s", got)
	}
}

// TestNobodyBehind: a webhook whose Service the cluster does not have is called by
// nobody's leave: each call fails. Of one that exists nobody has looked who is behind it.
func TestNobodyBehind(t *testing.T) {
	for name, c := range map[string]struct {
		s    *facts.Snapshot
		text string
		want forecast.Outcome
	}{
		"no such Service":                  {seen(t, true), onRoles, forecast.CrashLoop},
		"no such Service, and fails open":  {seen(t, true), strings.Replace(onRoles, "  sideEffects", "  failurePolicy: Ignore\n  sideEffects", 1), forecast.Ready},
		"no such port":                     {seen(t, true, "roles"), strings.Replace(onRoles, "name: roles}}", "name: roles, port: 8443}}", 1), forecast.CrashLoop},
		"a Service that no webhook called": {seen(t, false, "roles"), onRoles, forecast.Unknown},
		"a Service of the same manifest":   {seen(t, true), onRoles + "---\napiVersion: v1\nkind: Service\nmetadata: {namespace: hooks, name: roles}\nspec: {ports: [{port: 443}]}\n", forecast.Unknown},
		"Services were not read":           {seen(t, true).With(facts.Absent(facts.Services, facts.Forbidden, "")), onRoles, forecast.Unknown},
	} {
		s := apply(t, c.s, c.text)
		if got := forecast.Of(s).ControlPlane; got.Outcome != c.want {
			t.Errorf("%s: %s, want %s", name, got.Outcome, c.want)
		}
		if c.want != forecast.Unknown {
			continue
		}
		// A rehearsal calls a stand-in all the same, and says that it made the answer up.
		in := rehearsal.StandIns(rehearsal.Listed(s))[0]
		if _, absent := s.Absence(facts.Services); !absent && (len(in.Endpoints) != 1 || in.To(admission.Intercept(s)[0].Write.Key(), in.Endpoints[0]).Assumed == "") {
			t.Errorf("%s: its stand-in is %+v", name, in)
		}
	}
}
