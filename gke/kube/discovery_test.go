package kube_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/gke-preflight/gke-preflight/gke/kube"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

func TestNotServed(t *testing.T) {
	notFound := refuse(http.StatusNotFound, "NotFound", "the server could not find the requested resource")
	beta := strings.Replace(policiesPath, "/v1/", "/v1beta1/", 1)
	for _, tc := range []struct {
		name   string
		served string
		want   []string
	}{
		{"nowhere", discovery("admissionregistration.k8s.io", "v1", "validatingwebhookconfigurations"), nil},
		{"in an older version", discovery("admissionregistration.k8s.io", "v1beta1", "mutatingadmissionpolicies"), []string{"inject"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := serve(t)
			s.handle(policiesPath, notFound)
			s.json("/apis", tc.served)
			s.json(beta, `{"kind":"MutatingAdmissionPolicyList","apiVersion":"admissionregistration.k8s.io/v1beta1","metadata":{"resourceVersion":"1"},"items":[
				{"kind":"MutatingAdmissionPolicy","apiVersion":"admissionregistration.k8s.io/v1beta1","metadata":{"name":"inject","managedFields":[{}]},"spec":{"failurePolicy":"Ignore"}}]}`)
			got := facts.MutatingPolicies.Of(s.collect(t, kube.Options{}))
			if len(got) != len(tc.want) {
				t.Fatalf("got %v, want %v", got, tc.want)
			}
			for i, p := range got {
				if p.Name != tc.want[i] || *p.Spec.FailurePolicy != "Ignore" || p.ManagedFields != nil || p.Kind != "" {
					t.Errorf("got %+v", p)
				}
			}
		})
	}
	t.Run("discovery forbidden", func(t *testing.T) {
		s := serve(t)
		s.handle(policiesPath, notFound)
		s.handle("/apis", refuse(http.StatusForbidden, "Forbidden", "no"))
		a, _ := s.collect(t, kube.Options{}).Absence(facts.MutatingPolicies)
		if a.Reason != facts.Forbidden || !strings.Contains(a.Detail, "whether it is served is unknown") {
			t.Errorf("got %s", a)
		}
	})
}

func TestStaleDiscovery(t *testing.T) {
	stale := func(group string) string {
		return strings.Replace(discovery(group, "v1", "things"), `"Current"`, `"Stale"`, 1)
	}
	s := serve(t)
	s.json("/apis", stale("metrics.k8s.io"))
	if a, absent := s.collect(t, kube.Options{}).Absence(facts.APIResources); absent {
		t.Errorf("an aggregated API that does not answer hides all others: %s", a)
	}
	s.json("/apis", stale("rbac.authorization.k8s.io"))
	if _, absent := s.collect(t, kube.Options{}).Absence(facts.APIResources); !absent {
		t.Error("stale discovery of a group of the API server's own is taken for all there is")
	}
}

func TestEmulatedVersion(t *testing.T) {
	for answer, want := range map[string]string{
		`{"gitVersion":"v1.36.3","major":"1","minor":"36"}`:                                             "",
		`{"gitVersion":"v1.36.3","major":"1","minor":"36+","emulationMajor":"1","emulationMinor":"36"}`: "",
		`{"gitVersion":"v1.36.3","major":"1","minor":"36+","emulationMajor":"1","emulationMinor":"35"}`: "1.35",
	} {
		s := serve(t)
		s.json("/version", answer)
		if got := facts.ServerVersion.Of(s.collect(t, kube.Options{})); got.Emulated != want || got.GitVersion != "v1.36.3" {
			t.Errorf("%s: got %+v", answer, got)
		}
	}
}
