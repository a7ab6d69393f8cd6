package kube_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gke-preflight/gke-preflight/gke/kube"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

const podsPath = "/api/v1/pods"

// aPod is a pod as the API server gives it; more is put into its spec.
func aPod(namespace, name, labels, owner, more string) string {
	if owner != "" {
		kind, name, _ := strings.Cut(owner, "/")
		owner = fmt.Sprintf(`"ownerReferences":[{"apiVersion":"apps/v1","kind":%q,"name":%q,"uid":"1","controller":true}],`, kind, name)
	}
	return fmt.Sprintf(`{"metadata":{"namespace":%q,"name":%q,%s"labels":{%s}},"spec":{"nodeName":"n1"%s},"status":{"phase":"Running","conditions":[{"type":"Ready","status":"True"}]}}`, namespace, name, owner, labels, more)
}

func listOf(items ...string) string {
	return `{"metadata":{"resourceVersion":"1"},"items":[` + strings.Join(items, ",") + `]}`
}

func TestPodGroups(t *testing.T) {
	s := serve(t)
	s.json(nodesPath, listOf(`{"metadata":{"name":"n1","labels":{"cloud.google.com/gke-nodepool":"default-pool"}}}`))
	s.json("/api/v1/persistentvolumes", listOf(
		`{"metadata":{"name":"pv1"},"spec":{"local":{"path":"/mnt/disks/ssd0"},"claimRef":{"namespace":"shop","name":"data-db-0"}}}`,
		`{"metadata":{"name":"pv2"},"spec":{"csi":{"driver":"pd.csi.storage.gke.io","volumeHandle":"x"},"claimRef":{"namespace":"shop","name":"data-db-1"}}}`,
		`{"metadata":{"name":"pv3"},"spec":{"hostPath":{"path":"/data"},"claimRef":{"namespace":"shop","name":"a-data"}}}`,
		`{"metadata":{"name":"pv4"},"spec":{"local":{"path":"/mnt/disks/ssd1"}}}`))
	s.json(podsPath, listOf(
		aPod("shop", "cart-5d-1", `"app":"cart","pod-template-hash":"5d","x":"1"`, "ReplicaSet/cart-5d", `,"volumes":[{"name":"tmp","emptyDir":{"medium":"Memory"}}]`),
		aPod("shop", "cart-6e-1", `"app":"cart","pod-template-hash":"6e"`, "ReplicaSet/cart-6e", `,"nodeName":"","terminationGracePeriodSeconds":7200,"volumes":[{"name":"cache","emptyDir":{}}]`),
		aPod("shop", "bare", `"app":"bare"`, "", `,"nodeSelector":{"kubernetes.io/hostname":"n1","team":"shop","cloud.google.com/gke-nodepool":"default-pool"},"terminationGracePeriodSeconds":600`),
		aPod("shop", "db-0", ``, "StatefulSet/db", `,"volumes":[{"name":"data","persistentVolumeClaim":{"claimName":"data-db-0"}}]`),
		aPod("shop", "db-1", ``, "StatefulSet/db", `,"volumes":[{"name":"data","persistentVolumeClaim":{"claimName":"data-db-1"}}]`),
		aPod("shop", "a", ``, "Custom/c", `,"containers":[{"name":"c","volumeMounts":[{"name":"d","mountPath":"/d"},{"name":"l","mountPath":"/l"}]}],"volumes":[{"name":"l","hostPath":{"path":"/var/log/pods"}},{"name":"d","hostPath":{"path":"/mnt/data"}},{"name":"r","hostPath":{"path":"/mnt/read"}},{"name":"data","ephemeral":{}}]`),
		aPod("shop", "r", ``, "Custom/r", `,"containers":[{"name":"c","volumeMounts":[{"name":"r","mountPath":"/r","readOnly":true}]}],"volumes":[{"name":"r","hostPath":{"path":"/mnt/read"}}],"affinity":{"nodeAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":{"nodeSelectorTerms":[{"matchExpressions":[{"key":"disk","operator":"In","values":["a","b"]},{"key":"rack","operator":"Exists"}],"matchFields":[{"key":"metadata.name","operator":"In","values":["n1"]}]}]}}}`),
		aPod("shop", "either", ``, "Custom/either", `,"affinity":{"nodeAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":{"nodeSelectorTerms":[{"matchExpressions":[{"key":"disk","operator":"Exists"}]},{"matchExpressions":[{"key":"rack","operator":"Exists"}]}]}}}`),
		aPod("shop", "ds-1", ``, "DaemonSet/ds", `,"affinity":{"nodeAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":{"nodeSelectorTerms":[{"matchFields":[{"key":"metadata.name","operator":"In","values":["n1"]}]}]}}}`),
		aPod("shop", "kube-proxy-n1", ``, "Node/n1", ""),
		strings.Replace(aPod("shop", "job-1", ``, "Job/job", ""), "Running", "Succeeded", 1),
	))
	got := facts.PodGroups.Of(s.collect(t, kube.Options{}))
	in := map[string]int32{"default-pool": 1}
	want := []facts.PodGroup{
		{Kind: "Custom", Name: "c", Example: "a", Pods: 1, Ready: 1, Pools: in, HostPath: "/mnt/data", LocalClaim: "a-data"},
		{Kind: "Custom", Name: "either", Example: "either", Pods: 1, Ready: 1, Pools: in},
		{Kind: "Custom", Name: "r", Example: "r", Pods: 1, Ready: 1, Pools: in, Hosts: []string{"n1"}, NodeLabels: []string{"disk", "rack"}},
		{Kind: "DaemonSet", Name: "ds", Example: "ds-1", Pods: 1, Ready: 1, Pools: in},
		{Kind: "Deployment", Name: "cart", Example: "cart-5d-1", Labels: map[string]string{"app": "cart"}, Pods: 2, Ready: 2, Pools: map[string]int32{"default-pool": 1, "": 1}, GraceSeconds: 7200, EmptyDir: "cache"},
		{Kind: "Pod", Name: "bare", Example: "bare", Labels: map[string]string{"app": "bare"}, Pods: 1, Ready: 1, Pools: in, Hosts: []string{"n1"}, NodeLabels: []string{"team=shop"}},
		{Kind: "StatefulSet", Name: "db", Example: "db-0", Pods: 2, Ready: 2, Pools: map[string]int32{"default-pool": 2}, LocalClaim: "data-db-0"},
	}
	for n := range want {
		want[n].Namespace, want[n].Keeper = "shop", facts.OfUser
		if want[n].Labels == nil {
			want[n].Labels = map[string]string{}
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// TestPodsAreReadOnce: one list serves the backends' pods and the sums, and what
// breaks off is not counted twice.
func TestPodsAreReadOnce(t *testing.T) {
	s := serve(t)
	s.json(validatingPath, listOf(`{"metadata":{"name":"w"},"webhooks":[{"name":"w.example.com","clientConfig":{"service":{"namespace":"opa","name":"opa"}}}]}`))
	lists := 0
	s.handle(podsPath, func(w http.ResponseWriter, r *http.Request) {
		first := strings.Replace(listOf(aPod("opa", "opa-0", "", "StatefulSet/opa", "")), `"1"}`, `"1","continue":"2"}`, 1)
		switch {
		case !r.URL.Query().Has("continue"):
			answer(w, http.StatusOK, first)
		case lists == 0:
			lists++
			status(w, http.StatusGone, "Expired", "The provided continue parameter is too old")
		default:
			answer(w, http.StatusOK, listOf(aPod("shop", "cart-0", "", "StatefulSet/cart", "")))
		}
	})
	snapshot := s.collect(t, kube.Options{PageSize: 1})
	var got []string
	for _, g := range facts.PodGroups.Of(snapshot) {
		got = append(got, fmt.Sprintf("%s/%s %d", g.Namespace, g.Name, g.Pods))
	}
	if diff := cmp.Diff([]string{"opa/opa 1", "shop/cart 1"}, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if pods := facts.BackendPods.Of(snapshot); len(pods) != 1 || pods[0].Name != "opa-0" {
		t.Errorf("the backends' pods are %+v", pods)
	}
	if n := len(s.paths(podsPath)); n != 4 {
		t.Errorf("the pods took %d requests, want 2 and then 2", n)
	}
}

// TestGroupsWithoutTheRest: sums need neither nodes, nor volumes, nor webhooks.
func TestGroupsWithoutTheRest(t *testing.T) {
	s := serve(t)
	no := refuse(http.StatusForbidden, "Forbidden", "no")
	for _, path := range []string{nodesPath, "/api/v1/persistentvolumes", validatingPath} {
		s.handle(path, no)
	}
	s.json(podsPath, listOf(aPod("shop", "cart-0", "", "StatefulSet/cart", "")))
	snapshot := s.collect(t, kube.Options{})
	want := []facts.PodGroup{{Namespace: "shop", Kind: "StatefulSet", Name: "cart", Example: "cart-0", Keeper: facts.OfUser, Labels: map[string]string{}, Pods: 1, Ready: 1}}
	if diff := cmp.Diff(want, facts.PodGroups.Of(snapshot)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestNodeFacts(t *testing.T) {
	s := serve(t)
	s.json(nodesPath, listOf(`{"metadata":{"name":"n1","labels":{"kubernetes.io/hostname":"n1","topology.gke.io/zone":"b","nvidia.com/gpu.present":"true","cloud.google.com/gke-accelerator":"nvidia-l4","team":"shop","acme.example/disk":"fast","node-role.kubernetes.io/db":""}},
		"spec":{"taints":[{"key":"node.kubernetes.io/not-ready","effect":"NoExecute"},{"key":"dedicated","value":"db","effect":"NoSchedule"},{"key":"nvidia.com/gpu","value":"present","effect":"NoSchedule"}]},
		"status":{"capacity":{"cpu":"4","nvidia.com/gpu":"2"},"allocatable":{"cpu":"4","nvidia.com/gpu":"1"}}}`))
	got := facts.Nodes.Of(s.collect(t, kube.Options{}))[0]
	want := facts.Node{Name: "n1", Created: got.Created, Accelerator: "nvidia-l4", Devices: []facts.Device{{Resource: "nvidia.com/gpu", Capacity: 2, Allocatable: 1}}, CPU: 4000,
		Labels: map[string]string{"team": "shop", "acme.example/disk": "fast", "node-role.kubernetes.io/db": ""}, Taints: []facts.NodeTaint{{Key: "dedicated", Value: "db", Effect: "NoSchedule"}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
