package kube_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gke-preflight/gke-preflight/gke/kube"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

const slicesPath = "/apis/discovery.k8s.io/v1/namespaces/opa/endpointslices"

func withBackend(s *server) {
	s.json(validatingPath, `{"metadata":{"resourceVersion":"1"},"items":[{"metadata":{"name":"opa"},"webhooks":[
		{"name":"a.opa","clientConfig":{"service":{"namespace":"opa","name":"opa"}}},
		{"name":"b.opa","clientConfig":{"service":{"namespace":"opa","name":"missing"}}},
		{"name":"c.opa","clientConfig":{"url":"https://example.test"}}]}]}`)
}

func TestEndpoints(t *testing.T) {
	const endpointSlices = `{"metadata":{"resourceVersion":"1"},"items":[
		{"metadata":{"namespace":"opa","name":"opa-2","labels":{"kubernetes.io/service-name":"opa"}},"ports":[{"name":"","port":8443},{"port":1}],
		 "endpoints":[{"addresses":["10.0.0.2","10.0.0.3"],"conditions":{"ready":false}},{"addresses":["10.0.0.1"],"nodeName":"n","targetRef":{"kind":"Pod","name":"p"}}]},
		{"metadata":{"namespace":"opa","name":"other","labels":{"kubernetes.io/service-name":"other"}},"ports":[{"name":"","port":1}],"endpoints":[{"addresses":["10.0.0.9"]}]}]}`
	const endpoints = `{"metadata":{"resourceVersion":"1"},"items":[{"metadata":{"namespace":"opa","name":"opa"},"subsets":[{"ports":[{"port":8443}],
		"addresses":[{"ip":"10.0.0.1","nodeName":"n","targetRef":{"kind":"Pod","name":"p"}}],"notReadyAddresses":[{"ip":"10.0.0.2"}]}]}]}`
	want := []facts.ServiceEndpoints{
		{Namespace: "opa", Service: "missing"},
		{Namespace: "opa", Service: "opa", Endpoints: []facts.Endpoint{
			{IP: "10.0.0.1", Port: 8443, Ready: true, Node: "n", Pod: "p"}, {IP: "10.0.0.2", Port: 8443},
		}},
	}
	for minor, other := range map[string]string{"33": slicesPath, "34": "/api/v1/namespaces/opa/endpoints"} {
		s := serve(t)
		withBackend(s)
		s.json("/version", `{"major":"1","minor":"`+minor+`","gitVersion":"v1.`+minor+`.2-gke.100"}`)
		s.json(slicesPath, endpointSlices)
		s.json("/api/v1/namespaces/opa/endpoints", endpoints)
		got := facts.Endpoints.Of(s.collect(t, kube.Options{}))
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("1.%s:\n%s", minor, diff)
		}
		if asked := s.paths(other); len(asked) > 0 {
			t.Errorf("1.%s asks for what it does not use: %v", minor, asked)
		}
	}
}

func TestBackendPods(t *testing.T) {
	s := serve(t)
	withBackend(s)
	s.json("/api/v1/pods", `{"metadata":{"resourceVersion":"1"},"items":[{"metadata":{"namespace":"shop","name":"cart"},"spec":{"containers":[{"name":"cart"}]}},{"metadata":{"namespace":"opa","name":"opa-1","labels":{"app":"opa"},
		"creationTimestamp":"2026-11-01T00:00:00Z","ownerReferences":[{"kind":"ReplicaSet","name":"opa-7","controller":true}]},
		"spec":{"nodeName":"n","priorityClassName":"high","priority":1000,"containers":[
			{"name":"opa","image":"example.test/opa:1","env":[{"name":"TOKEN","value":"hunter2"}],"livenessProbe":{},"resources":{"requests":{"cpu":"100m","memory":"64Mi"},"limits":{"memory":"128Mi"}}},
			{"name":"mgmt","readinessProbe":{}}]},
		"status":{"phase":"Running","podIPs":[{"ip":"10.0.0.1"}],"conditions":[{"type":"Ready","status":"True","lastTransitionTime":"2026-11-01T00:00:09Z"}],
			"containerStatuses":[{"name":"mgmt","restartCount":3,"lastState":{"terminated":{"reason":"OOMKilled","exitCode":137,"finishedAt":"2026-11-02T00:00:00Z"}}}]}}]}`)
	at := func(day, second int) time.Time { return time.Date(2026, 11, day, 0, 0, second, 0, time.UTC) }
	want := []facts.Pod{{
		Namespace: "opa", Name: "opa-1", Labels: map[string]string{"app": "opa"}, Node: "n", IPs: []string{"10.0.0.1"}, Phase: "Running", Ready: true, Owner: "ReplicaSet/opa-7",
		Created: at(1, 0), ReadySince: at(1, 9), PriorityClass: "high", Priority: 1000,
		Containers: []facts.Container{
			{Name: "opa", Image: "example.test/opa:1", LivenessProbe: true, Requests: map[string]string{"cpu": "100m", "memory": "64Mi"}, Limits: map[string]string{"memory": "128Mi"}},
			{Name: "mgmt", ReadinessProbe: true, Restarts: 3, LastEnd: "OOMKilled", LastEndedAt: at(2, 0)},
		},
	}}
	if diff := cmp.Diff(want, facts.BackendPods.Of(s.collect(t, kube.Options{}))); diff != "" {
		t.Error(diff)
	}
	if asked := s.paths("/api/v1/pods"); len(asked) != 1 {
		t.Errorf("pods were listed %d times: %v", len(asked), asked)
	}
}

func TestPolicyParams(t *testing.T) {
	const group = "/apis/admissionregistration.k8s.io/v1/"
	s := serve(t)
	s.json(group+"validatingadmissionpolicies", `{"metadata":{"resourceVersion":"1"},"items":[
		{"metadata":{"name":"named"},"spec":{"paramKind":{"apiVersion":"v1","kind":"ConfigMap"},"validations":[{"expression":"size(object.spec.rules) <= int(params.data.max)"}]}},
		{"metadata":{"name":"secret"},"spec":{"paramKind":{"apiVersion":"v1","kind":"Secret"}}},
		{"metadata":{"name":"gone"},"spec":{"paramKind":{"apiVersion":"example.test/v1","kind":"Limit"}}}]}`)
	s.json(group+"validatingadmissionpolicybindings", `{"metadata":{"resourceVersion":"1"},"items":[
		{"metadata":{"name":"a"},"spec":{"policyName":"named","paramRef":{"name":"limits","namespace":"opa"}}},
		{"metadata":{"name":"b"},"spec":{"policyName":"named","paramRef":{"selector":{"matchLabels":{"kind":"limits"}}}}},
		{"metadata":{"name":"c"},"spec":{"policyName":"secret","paramRef":{"name":"s","namespace":"opa"}}},
		{"metadata":{"name":"d"},"spec":{"policyName":"gone","paramRef":{"name":"s"}}}]}`)
	const item = `{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"limits","namespace":"opa","managedFields":[{}],"annotations":{"last-applied":"hunter2"}},"data":{"max":"3","password":"hunter2"}}`
	list := `{"kind":"ConfigMapList","apiVersion":"v1","metadata":{"resourceVersion":"1"},"items":[` + item + `]}`
	s.json("/api/v1/namespaces/opa/configmaps", list)
	s.json("/api/v1/configmaps", list)
	want := []facts.ParamKind{
		{APIVersion: "example.test/v1", Kind: "Limit", Reads: []string{}},
		{APIVersion: "v1", Kind: "ConfigMap", Resource: "configmaps", Namespaced: true, Objects: []map[string]any{{
			"kind": "ConfigMap", "apiVersion": "v1", "metadata": map[string]any{"name": "limits", "namespace": "opa"}, "data": map[string]any{"max": "3"},
		}}, Reads: []string{"/data/max"}},
		{APIVersion: "v1", Kind: "Secret", Resource: "secrets", Namespaced: true, Reads: []string{}, Absence: facts.Absence{Reason: facts.NotCollected, Detail: "Secrets are never read"}},
	}
	if diff := cmp.Diff(want, facts.PolicyParams.Of(s.collect(t, kube.Options{}))); diff != "" {
		t.Error(diff)
	}
	asked := append(s.paths("/api/v1/namespaces/opa/configmaps"), s.paths("/api/v1/configmaps")...)
	wantAsked := []string{
		"/api/v1/namespaces/opa/configmaps?fieldSelector=metadata.name%3Dlimits&limit=500",
		"/api/v1/configmaps?labelSelector=kind%3Dlimits&limit=500",
	}
	if !slices.Equal(asked, wantAsked) {
		t.Errorf("asked for %v, want %v", asked, wantAsked)
	}
	for _, r := range s.seen {
		if strings.Contains(r.URL.Path, "secret") {
			t.Errorf("asked for %s", r.URL)
		}
	}
}
