package kube_test

import (
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gke-preflight/gke-preflight/gke/kube"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// TestPodsShare: pods alike have one map of labels, of requests and of ports,
// and each pod still has its own values.
func TestPodsShare(t *testing.T) {
	s := serve(t)
	s.json(validatingPath, listOf(`{"metadata":{"name":"w"},"webhooks":[{"name":"w.example.com","clientConfig":{"service":{"namespace":"opa","name":"opa"}}}]}`))
	container := func(memory string) string {
		return `,"containers":[{"name":"c","ports":[{"name":"https","containerPort":8443}],"resources":{"requests":{"memory":"` + memory + `"}}}]`
	}
	s.json(podsPath, listOf(
		aPod("opa", "a", `"app":"opa","x":"1"`, "ReplicaSet/opa", container("1Gi")),
		aPod("opa", "b", `"app":"opa","x":"1"`, "ReplicaSet/opa", container("1Gi")),
		aPod("opa", "c", `"app":"1","x":"opa"`, "ReplicaSet/opa", container("2Gi"))))
	pods := facts.BackendPods.Of(s.collect(t, kube.Options{}))
	pod := func(name, app, x, memory string) facts.Pod {
		return facts.Pod{Namespace: "opa", Name: name, Labels: map[string]string{"app": app, "x": x}, Node: "n1", Phase: "Running", Ready: true, Owner: "ReplicaSet/opa",
			Containers: []facts.Container{{Name: "c", Requests: map[string]string{"memory": memory}, Ports: map[string]int32{"https": 8443}}}}
	}
	want := []facts.Pod{pod("a", "opa", "1", "1Gi"), pod("b", "opa", "1", "1Gi"), pod("c", "1", "opa", "2Gi")}
	if diff := cmp.Diff(want, pods); diff != "" {
		t.Fatalf("-want +got:\n%s", diff)
	}
	at := func(m any) uintptr { return reflect.ValueOf(m).Pointer() }
	a, b := pods[0], pods[1]
	if at(a.Labels) != at(b.Labels) || at(a.Containers[0].Requests) != at(b.Containers[0].Requests) || at(a.Containers[0].Ports) != at(b.Containers[0].Ports) {
		t.Error("pods alike do not share their maps")
	}
}
