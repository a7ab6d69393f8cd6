package kube_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gke-preflight/gke-preflight/gke/kube"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

const (
	flowSchemasPath   = "/apis/flowcontrol.apiserver.k8s.io/v1/flowschemas"
	deviceClassesPath = "/apis/resource.k8s.io/v1alpha3/deviceclasses"
	twoVersions       = `{"kind":"APIGroupDiscoveryList","apiVersion":"apidiscovery.k8s.io/v2","items":[
{"metadata":{"name":"flowcontrol.apiserver.k8s.io"},"versions":[
 {"version":"v1","freshness":"Current","resources":[{"resource":"flowschemas","scope":"Cluster","verbs":["list","get"],"responseKind":{"kind":"FlowSchema"}}]},
 {"version":"v1beta3","freshness":"Current","resources":[{"resource":"flowschemas","scope":"Cluster","verbs":["list","get"],"responseKind":{"kind":"FlowSchema"},"subresources":[{"subresource":"status","verbs":["get"]}]}]}]},
{"metadata":{"name":"authentication.k8s.io"},"versions":[
 {"version":"v1beta1","freshness":"Current","resources":[{"resource":"selfsubjectreviews","scope":"Cluster","verbs":["create"],"responseKind":{"kind":"SelfSubjectReview"}}]}]},
{"metadata":{"name":"resource.k8s.io"},"versions":[
 {"version":"v1alpha3","freshness":"Current","resources":[{"resource":"deviceclasses","scope":"Cluster","verbs":["list","get"],"responseKind":{"kind":"DeviceClass"}}]}]},
{"metadata":{"name":"batch"},"versions":[
 {"version":"v1","freshness":"Current","resources":[{"resource":"cronjobs","scope":"Namespaced","verbs":["list","get"],"responseKind":{"kind":"CronJob"}}]}]}]}`
)

// old serves 1.31, which serves flowcontrol v1beta3, gone in 1.32.
func old(t *testing.T) *server {
	s := serve(t)
	s.json("/version", `{"major":"1","minor":"31","gitVersion":"v1.31.4-gke.100"}`)
	s.json("/apis", twoVersions)
	s.metadata(flowSchemasPath, func(w http.ResponseWriter, _ *http.Request) { metadataList(w, "") })
	s.metadata(deviceClassesPath, func(w http.ResponseWriter, _ *http.Request) { metadataList(w, "") })
	return s
}

// metadata lets h answer who asks for metadata alone; others get an empty list.
func (s *server) metadata(path string, h http.HandlerFunc) {
	s.handle(path, func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.Header.Get("Accept"), "as=PartialObjectMetadataList") {
			h(w, r)
			return
		}
		answer(w, http.StatusOK, `{"metadata":{"resourceVersion":"1"},"items":[]}`)
	})
}

func metadataList(w http.ResponseWriter, next string, items ...string) {
	answer(w, http.StatusOK, fmt.Sprintf(`{"kind":"PartialObjectMetadataList","apiVersion":"meta.k8s.io/v1","metadata":{"resourceVersion":"1","continue":%q},"items":[%s]}`, next, strings.Join(items, ",")))
}

func flowSchema(name string, parts ...string) string {
	return fmt.Sprintf(`{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/v1","metadata":{"name":%q,%s}}`, name, strings.Join(parts, ","))
}

func managers(entries ...string) string {
	return `"managedFields":[` + strings.Join(entries, ",") + `]`
}

func manager(name, version, at string) string {
	return fmt.Sprintf(`{"manager":%q,"operation":"Update","apiVersion":"flowcontrol.apiserver.k8s.io/%s","time":%q}`, name, version, at)
}

// TestDeprecatedAPIs: one list of each resource, at a version that stays; a list
// that breaks off is counted once.
func TestDeprecatedAPIs(t *testing.T) {
	s := old(t)
	broke := false
	s.metadata(flowSchemasPath, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("continue") == "" {
			metadataList(w, "2",
				flowSchema("a", managers(manager("terraform", "v1beta3", "2026-11-01T10:00:00Z"), manager("terraform", "v1beta3", "2026-11-02T12:00:00+02:00"), manager("kube-apiserver", "v1", "2026-11-03T10:00:00Z"))),
				flowSchema("b", managers(manager("kubectl-client-side-apply", "v1beta3", "2024-02-01T10:00:00Z")),
					`"annotations":{"kubectl.kubernetes.io/last-applied-configuration":"{\"apiVersion\":\"flowcontrol.apiserver.k8s.io/v1beta3\",\"kind\":\"FlowSchema\",\"spec\":{\"secret\":1}}"}`))
			return
		}
		if !broke {
			broke = true
			status(w, http.StatusGone, "Expired", "The provided continue parameter is too old")
			return
		}
		metadataList(w, "",
			flowSchema("c", managers(manager("terraform", "v1beta3", "2026-10-01T10:00:00Z")), `"labels":{"addonmanager.kubernetes.io/mode":"Reconcile"}`),
			flowSchema("d", managers(manager("terraform", "v1", "2026-10-01T10:00:00Z")), `"annotations":{"kubectl.kubernetes.io/last-applied-configuration":"no JSON"}`))
	})
	got := facts.DeprecatedAPIs.Of(s.collect(t, kube.Options{PageSize: 2}))
	at := func(text string) time.Time {
		v, err := time.Parse(time.RFC3339, text)
		must(t, err)
		return v
	}
	want := facts.APIUses{Through: "1.34", APIs: []facts.APIUse{
		{Group: "authentication.k8s.io", Version: "v1beta1", Resource: "selfsubjectreviews"},
		{Group: "flowcontrol.apiserver.k8s.io", Version: "v1beta3", Resource: "flowschemas", Stays: "v1", Objects: 4, Writers: []facts.APIWriter{
			{Objects: 1, Names: []string{"b"}, Latest: at("2024-02-01T10:00:00Z")},
			{Manager: "kubectl-client-side-apply", Objects: 1, Names: []string{"b"}, Latest: at("2024-02-01T10:00:00Z")},
			{Manager: "terraform", Objects: 1, Names: []string{"a"}, Latest: at("2026-11-02T10:00:00Z")},
			{Manager: "terraform", AddOn: true, Objects: 1, Names: []string{"c"}, Latest: at("2026-10-01T10:00:00Z")},
		}},
		{Group: "resource.k8s.io", Version: "v1alpha3", Resource: "deviceclasses"},
	}}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
	for _, path := range []string{"/apis/flowcontrol.apiserver.k8s.io/v1beta3/flowschemas", "/apis/batch/v1/cronjobs"} {
		if asked := s.paths(path); asked != nil {
			t.Errorf("asked for %v", asked)
		}
	}
}

// TestDeprecatedAPIsThatCannotBeRead: each resource has its own reason.
func TestDeprecatedAPIsThatCannotBeRead(t *testing.T) {
	s := old(t)
	s.metadata(flowSchemasPath, refuse(http.StatusForbidden, "Forbidden", `User "ci" cannot list`))
	for _, u := range facts.DeprecatedAPIs.Of(s.collect(t, kube.Options{})).APIs {
		want := facts.Reason("")
		if u.Resource == "flowschemas" {
			want = facts.Forbidden
		}
		if u.Absence.Reason != want {
			t.Errorf("%s: %s", u.Resource, u.Absence)
		}
	}
}

// TestManyWriters: what is kept of them is bounded, and says so.
func TestManyWriters(t *testing.T) {
	s := old(t)
	var items []string
	for i := range 200 {
		items = append(items, flowSchema(fmt.Sprintf("f%03d", i), managers(manager(fmt.Sprintf("m%d", i), "v1beta3", "2026-11-01T10:00:00Z"), manager("same", "v1beta3", "2026-11-01T10:00:00Z"))))
	}
	s.metadata(flowSchemasPath, func(w http.ResponseWriter, _ *http.Request) { metadataList(w, "", items...) })
	u := facts.DeprecatedAPIs.Of(s.collect(t, kube.Options{})).APIs[1]
	if len(u.Writers) != 50 || !u.OtherWriters || u.Objects != 200 {
		t.Errorf("%d writers of %d objects, others %v", len(u.Writers), u.Objects, u.OtherWriters)
	}
	for _, w := range u.Writers {
		if w.Manager == "same" && (w.Objects != 200 || len(w.Names) != 3) {
			t.Errorf("%+v", w)
		}
	}
}

func TestCustomResources(t *testing.T) {
	const path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
	s := serve(t)
	broke := false
	s.handle(path, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("continue") == "" {
			answer(w, http.StatusOK, `{"metadata":{"resourceVersion":"1","continue":"2"},"items":[{"metadata":{"name":"b.example.com"},"spec":{"names":{"kind":"B"},"scope":"Namespaced","versions":[{"name":"v1","served":true,"storage":true,"schema":{}},{"name":"v1beta1","served":false}]},"status":{"storedVersions":["v1beta1","v1"],"conditions":[{"type":"NamesAccepted","status":"True"},{"type":"Established","status":"True"}]}}]}`)
			return
		}
		if !broke {
			broke = true
			status(w, http.StatusGone, "Expired", "too old")
			return
		}
		answer(w, http.StatusOK, `{"metadata":{"resourceVersion":"1"},"items":[{"metadata":{"name":"a.example.com"},"spec":{"versions":[{"name":"v1","served":true}]},"status":{"storedVersions":["v1"]}}]}`)
	})
	got := facts.CustomResources.Of(s.collect(t, kube.Options{}))
	want := []facts.CustomResource{
		{Name: "a.example.com", Served: []string{"v1"}, Stored: []string{"v1"}},
		{Name: "b.example.com", Served: []string{"v1"}, Stored: []string{"v1beta1", "v1"}, Kind: "B", Namespaced: true, Storage: "v1", Established: true},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
	s.json(path, `{"items":[]}`)
	if _, absent := s.collect(t, kube.Options{}).Absence(facts.CustomResources); !absent {
		t.Error("what is no list of an API server is taken for an empty one")
	}
}
