package rehearsal

import (
	"fmt"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

func objectsNamed(s *facts.Snapshot, now time.Time, kind, name string) (found []*unstructured.Unstructured) {
	for _, step := range Objects(s, now) {
		for _, o := range step.Objects {
			if o.GetKind() == kind && (name == "" || o.GetName() == name) {
				found = append(found, o)
			}
		}
	}
	return found
}

// TestDefinitions: the kinds that policies take parameters from come before all others, of
// which there may be hundreds.
func TestDefinitions(t *testing.T) {
	var all []facts.CustomResource
	for n := range 100 {
		all = append(all, facts.CustomResource{Name: fmt.Sprintf("a%03d.example.org", n), Kind: fmt.Sprintf("A%03d", n), Served: []string{"v1"}, Storage: "v1", Established: true})
	}
	all = append(all,
		facts.CustomResource{Name: "limits.example.org", Kind: "Limit", Namespaced: true, Served: []string{"v1", "v2"}, Storage: "v0", Established: true})
	s := facts.New(facts.Meta{}, facts.Present(facts.CustomResources, all), facts.Present(facts.PolicyParams, []facts.ParamKind{
		{APIVersion: "example.org/v2", Kind: "Limit", Resource: "limits", Namespaced: true},
		{APIVersion: "earlier.example/v1", Kind: "Quota", Resource: "quotas"},
		{APIVersion: "v1", Kind: "ConfigMap", Resource: "configmaps", Namespaced: true}}))
	loaded, madeUp, others := Definitions(s)
	if loaded != MostDefinitions+2 || len(madeUp) != 1 || madeUp[0] != "quotas.earlier.example" || others != 100-MostDefinitions {
		t.Errorf("%d are loaded, made up %v, %d others", loaded, madeUp, others)
	}
	limit := objectsNamed(s, time.Now(), "CustomResourceDefinition", "limits.example.org")
	if len(limit) != 1 {
		t.Fatalf("%d definitions of Limit", len(limit))
	}
	versions, _, _ := unstructured.NestedSlice(limit[0].Object, "spec", "versions")
	scope, _, _ := unstructured.NestedString(limit[0].Object, "spec", "scope")
	if len(versions) != 3 || scope != "Namespaced" {
		t.Errorf("%s, %v", scope, versions)
	}
}

// TestSystemObjects: a selector on labels of what an API server writes sees in a rehearsal
// what it sees in the cluster, and a lease is as old as it was.
func TestSystemObjects(t *testing.T) {
	seen := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	now := seen.Add(72 * time.Hour)
	s := facts.New(facts.Meta{CollectedAt: seen},
		facts.Present(facts.SystemConfigMaps, []facts.ConfigMap{{Name: authentication, Labels: map[string]string{"a": "b"}, Annotations: map[string]string{"c": "d"}}, {Name: tokenTracking}}),
		facts.Present(facts.Namespaces, []facts.Namespace{{Name: "kube-system", Labels: map[string]string{"a": "b"}, Annotations: map[string]string{"c": "d"}}}),
		facts.Present(facts.IdentityLeases, []facts.IdentityLease{{Name: "there", Renewed: seen.Add(-time.Minute), Seconds: 3600}, {Name: "gone", Renewed: seen.Add(-2 * time.Hour), Seconds: 3600, Holder: "h"}}),
		facts.Present(facts.APIServices, []facts.APIService{
			{Name: "v1.apps", Labels: map[string]string{"kube-aggregator.kubernetes.io/automanaged": "onstart"}, GroupPriorityMinimum: 1, VersionPriority: 2},
			{Name: "v1.example.org", Labels: map[string]string{"kube-aggregator.kubernetes.io/automanaged": "true"}}, {Name: "v1beta1.metrics.k8s.io", Service: "kube-system/metrics-server"}}))
	for _, o := range append(objectsNamed(s, now, "ConfigMap", authentication), objectsNamed(s, now, "Namespace", "kube-system")...) {
		if o.GetLabels()["a"] != "b" || o.GetAnnotations()["c"] != "d" {
			t.Errorf("%s has labels %v and annotations %v", o.GetName(), o.GetLabels(), o.GetAnnotations())
		}
	}
	leases := objectsNamed(s, now, "Lease", "")
	if len(leases) != 1 || leases[0].GetName() != "gone" {
		t.Fatalf("loaded are the leases %v", leases)
	}
	text, _, _ := unstructured.NestedString(leases[0].Object, "spec", "renewTime")
	if renewed, err := time.Parse(microTime, text); err != nil || now.Sub(renewed) != 2*time.Hour {
		t.Errorf("renewed %s, %v", text, err)
	}
	if all := objectsNamed(s, now, "APIService", ""); len(all) != 1 || all[0].GetName() != "v1.apps" {
		t.Errorf("loaded are the APIServices %v", all)
	}
}
