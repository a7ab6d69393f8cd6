package kube_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/gke-preflight/gke-preflight/gke/kube"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

const (
	definitionsPath = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
	// twoDefinitions are one that a webhook converts and one that nobody does.
	twoDefinitions = `{"kind":"CustomResourceDefinitionList","apiVersion":"apiextensions.k8s.io/v1","metadata":{"resourceVersion":"1"},"items":[
	{"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition","metadata":{"name":"crontabs.rig.test","annotations":{"secret":"shibboleth"}},
	 "spec":{"group":"rig.test","scope":"Namespaced","names":{"plural":"crontabs","kind":"CronTab"},
	  "versions":[{"name":"v1","served":true,"storage":true,"schema":{"openAPIV3Schema":{"description":"shibboleth"}}},{"name":"v2","served":true,"storage":false}],
	  "conversion":{"strategy":"Webhook","webhook":{"conversionReviewVersions":["v1"],"clientConfig":{"caBundle":"UEVN","service":{"namespace":"cron","name":"convert","port":443,"path":"/convert"}}}}},
	 "status":{"storedVersions":["v1"]}},
	{"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition","metadata":{"name":"others.rig.test"},"spec":{"group":"rig.test","conversion":{"strategy":"None"}}}]}`
)

func TestConversions(t *testing.T) {
	s := serve(t)
	s.json(definitionsPath, twoDefinitions)
	seen := s.collect(t, kube.Options{})
	got := facts.Conversions.Of(seen)
	if len(got) != 1 {
		t.Fatalf("got %+v", got)
	}
	c := got[0]
	if c.Name != "crontabs.rig.test" || c.Kind != "CronTab" || c.Resource != "crontabs" || !c.Namespaced || len(c.Versions) != 2 || !c.Versions[0].Storage ||
		c.StoredVersions[0] != "v1" || c.ReviewVersions[0] != "v1" || string(c.ClientConfig.CABundle) != "PEM" || *c.ClientConfig.Service.Path != "/convert" {
		t.Errorf("got %+v", c)
	}
	if b, _ := json.Marshal(got); strings.Contains(string(b), "shibboleth") {
		t.Errorf("kept more than is read: %s", b)
	}
	var services []string
	for _, e := range facts.Endpoints.Of(seen) {
		services = append(services, e.Namespace+"/"+e.Service)
	}
	if strings.Join(services, " ") != "cron/convert" {
		t.Errorf("endpoints of %v", services)
	}
}

func TestConversionsUnread(t *testing.T) {
	s := serve(t)
	s.handle(definitionsPath, refuse(http.StatusForbidden, "Forbidden", "no"))
	if a, _ := s.collect(t, kube.Options{}).Absence(facts.Conversions); a.Reason != facts.Forbidden {
		t.Errorf("got %s", a)
	}
	s.handle(definitionsPath, refuse(http.StatusNotFound, "NotFound", "no such kind"))
	if got, ok := facts.Conversions.Get(s.collect(t, kube.Options{})); !ok || len(got) != 0 {
		t.Errorf("got %v, %t", got, ok)
	}
	s.json(definitionsPath, strings.Replace(twoDefinitions, "UEVN", "%", 1))
	if a, _ := s.collect(t, kube.Options{}).Absence(facts.Conversions); !strings.Contains(a.Detail, "crontabs.rig.test") {
		t.Errorf("a caBundle that can't be read: %s", a)
	}
}

func TestAPIServices(t *testing.T) {
	s := serve(t)
	s.json("/apis/apiregistration.k8s.io/v1/apiservices", `{"kind":"APIServiceList","apiVersion":"apiregistration.k8s.io/v1","metadata":{"resourceVersion":"1"},"items":[
	{"apiVersion":"apiregistration.k8s.io/v1","kind":"APIService","metadata":{"name":"v1.rig.test"},
	 "spec":{"group":"rig.test","version":"v1","caBundle":"UEVN","service":{"namespace":"rig","name":"api"}},
	 "status":{"conditions":[{"type":"Available","status":"False","reason":"MissingEndpoints","message":"none"}]}}]}`)
	got := facts.APIServices.Of(s.collect(t, kube.Options{}))
	if len(got) != 1 || got[0].Service != "rig/api" || got[0].Port != 443 || got[0].Version != "v1" || string(got[0].CABundle) != "PEM" || got[0].Message != "none" || got[0].Reason != "MissingEndpoints" {
		t.Errorf("got %+v", got)
	}
}
