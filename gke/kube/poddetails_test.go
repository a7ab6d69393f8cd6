package kube_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gke-preflight/gke-preflight/gke/kube"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// TestPodDetails: what is special about pods is kept of those alone that have it, and of a
// DaemonSet's nothing that a scheduler goes by.
func TestPodDetails(t *testing.T) {
	s := serve(t)
	s.json("/api/v1/persistentvolumes", listOf(
		`{"metadata":{"name":"pv1"},"spec":{"rbd":{"image":"x"},"claimRef":{"namespace":"shop","name":"data"}}}`,
		`{"metadata":{"name":"pv2"},"spec":{"cephfs":{"monitors":["x"]},"claimRef":{"namespace":"shop","name":"share"}}}`))
	apart := `,"affinity":{"podAntiAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":[{"topologyKey":"kubernetes.io/hostname","labelSelector":{"matchLabels":{"app":"db"}}}]}}`
	spread := `,"topologySpreadConstraints":[{"maxSkew":1,"topologyKey":"topology.kubernetes.io/zone","whenUnsatisfiable":"DoNotSchedule","labelSelector":{"matchLabels":{"app":"db"}}},{"maxSkew":1,"topologyKey":"rack","whenUnsatisfiable":"ScheduleAnyway","labelSelector":{}}]`
	ports := `,"containers":[{"name":"c","ports":[{"containerPort":80,"hostPort":8080}],"resources":{"requests":{"cpu":"250m","memory":"1Gi"}}}]`
	node := func(name, labels, spec string) string {
		return fmt.Sprintf(`{"metadata":{"name":%q,"labels":{"kubernetes.io/hostname":%q,%s}},"spec":{%s}}`, name, name, labels, spec)
	}
	s.json("/api/v1/nodes", listOf(
		node("big-1", `"cloud.google.com/gke-nodepool":"big","topology.kubernetes.io/zone":"b","disk":"ssd"`, ``),
		node("big-2", `"cloud.google.com/gke-nodepool":"big","topology.kubernetes.io/zone":"b","disk":"ssd"`, `"taints":[{"key":"node.kubernetes.io/not-ready","effect":"NoExecute"}]`),
		node("big-3", `"cloud.google.com/gke-nodepool":"big","topology.kubernetes.io/zone":"b","disk":"ssd"`, `"unschedulable":true`),
		node("gpu-1", `"cloud.google.com/gke-nodepool":"gpu","topology.kubernetes.io/zone":"b","disk":"ssd"`, `"taints":[{"key":"nvidia.com/gpu","value":"present","effect":"NoSchedule"}]`),
		node("old-1", `"cloud.google.com/gke-nodepool":"old","topology.kubernetes.io/zone":"b"`, ``)))
	apart += `,"nodeSelector":{"disk":"ssd"}`
	s.json(podsPath, listOf(
		aPod("shop", "plain-0", `"app":"plain"`, "StatefulSet/plain", `,"containers":[{"name":"c","readinessProbe":{"exec":{"command":["x"]},"timeoutSeconds":5}}]`),
		aPod("shop", "db-0", `"app":"db"`, "StatefulSet/db", apart+spread+ports),
		aPod("shop", "other-0", `"app":"other"`, "StatefulSet/other", apart),
		aPod("shop", "ds-1", `"app":"db"`, "DaemonSet/ds", apart+ports),
		aPod("shop", "probed-0", ``, "StatefulSet/probed", `,"priorityClassName":"system-cluster-critical","containers":[{"name":"c","livenessProbe":{"exec":{"command":["x"]},"timeoutSeconds":1}},{"name":"b","lifecycle":{"preStop":{"httpGet":{"host":"10.0.0.1","port":80}}}}]`),
		aPod("shop", "git-0", ``, "StatefulSet/git", `,"volumes":[{"name":"v","gitRepo":{"repository":"x"}}]`),
		aPod("shop", "rbd-0", ``, "StatefulSet/rbd", `,"volumes":[{"name":"v","persistentVolumeClaim":{"claimName":"data"}}]`),
		aPod("shop", "share-0", ``, "StatefulSet/share", `,"volumes":[{"name":"v","persistentVolumeClaim":{"claimName":"share"}}]`),
	))
	got := s.collect(t, kube.Options{})
	want := []facts.PodDetail{
		{Name: "db", HostPort: 8080, Apart: []string{"kubernetes.io/hostname"}, Spread: []string{"topology.kubernetes.io/zone"}, Placed: true, Places: []facts.Place{{Pool: "big", Zone: "b", Nodes: 2}}},
		{Name: "git", Volume: "gitRepo"},
		{Name: "probed", ExecProbe: "c", ProbeHost: "b", Critical: "system-cluster-critical"},
		{Name: "rbd", Volume: "rbd"},
		{Name: "share", Volume: "cephfs"},
	}
	for n := range want {
		want[n].Namespace, want[n].Kind = "shop", "StatefulSet"
	}
	if diff := cmp.Diff(want, facts.PodDetails.Of(got)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	room := []facts.NodeRequest{{Node: "n1", CPU: 500, Memory: 2 << 30, EvictedCPU: 250, EvictedMemory: 1 << 30}}
	if diff := cmp.Diff(room, facts.NodeRequests.Of(got)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// TestKeepers: what only GKE sets makes a pod, a budget or a whole namespace GKE's, and a
// name never does.
func TestKeepers(t *testing.T) {
	s := serve(t)
	s.json("/api/v1/namespaces", listOf(`{"metadata":{"name":"kube-system","labels":{"addonmanager.kubernetes.io/mode":"Reconcile"}}}`,
		`{"metadata":{"name":"gmp-system","labels":{"addonmanager.kubernetes.io/mode":"Reconcile"}}}`, `{"metadata":{"name":"istio-system"}}`, `{"metadata":{"name":"gke-tools"}}`))
	marked := strings.Replace(aPod("kube-system", "dns", "", "StatefulSet/dns", ""), `"labels":{}`, `"labels":{},"annotations":{"components.gke.io/component-name":"kubedns"}`, 1)
	s.json(podsPath, listOf(marked,
		aPod("kube-system", "old", `"kubernetes.io/cluster-service":"true"`, "StatefulSet/old", ""),
		aPod("kube-system", "mine", ``, "StatefulSet/mine", ""),
		aPod("gmp-system", "collector", ``, "StatefulSet/collector", ""),
		aPod("istio-system", "istiod", ``, "StatefulSet/istiod", ""),
		aPod("gke-tools", "tool", ``, "StatefulSet/tool", "")))
	s.json("/apis/policy/v1/poddisruptionbudgets", listOf(`{"metadata":{"namespace":"gmp-system","name":"a"}}`, `{"metadata":{"namespace":"istio-system","name":"b"}}`,
		`{"metadata":{"namespace":"kube-system","name":"c"}}`, `{"metadata":{"namespace":"kube-system","name":"d","labels":{"addonmanager.kubernetes.io/mode":"Reconcile"}}}`))
	got := s.collect(t, kube.Options{})
	keepers := map[string]facts.Keeper{}
	for _, g := range facts.PodGroups.Of(got) {
		keepers[g.Namespace+"/"+g.Name] = g.Keeper
	}
	for _, b := range facts.DisruptionBudgets.Of(got) {
		keepers[b.Namespace+"/"+b.Name] = b.Keeper
	}
	want := map[string]facts.Keeper{
		"kube-system/dns": facts.OfGKE, "kube-system/old": facts.OfGKE, "kube-system/mine": facts.OfUser, "gmp-system/collector": facts.OfGKE,
		"istio-system/istiod": facts.OfUser, "gke-tools/tool": facts.OfUser,
		"gmp-system/a": facts.OfGKE, "istio-system/b": facts.OfUser, "kube-system/c": facts.OfUser, "kube-system/d": facts.OfGKE,
	}
	if diff := cmp.Diff(want, keepers); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// TestLooseAddresses: what a strict API server refuses is found in Services and in the
// policies of all namespaces, and what it takes is not.
func TestLooseAddresses(t *testing.T) {
	s := serve(t)
	s.json("/api/v1/services", listOf(`{"metadata":{"namespace":"shop","name":"cart"},"spec":{"externalIPs":["010.0.0.1","10.0.0.1"],"loadBalancerSourceRanges":["10.0.0.0/8","192.168.0.7/24"]}}`,
		`{"metadata":{"namespace":"default","name":"kubernetes"},"spec":{"clusterIPs":["10.0.0.1"]}}`))
	s.json("/apis/networking.k8s.io/v1/networkpolicies", listOf(`{"metadata":{"namespace":"shop","name":"p"},"spec":{"ingress":[{"from":[{"ipBlock":{"cidr":"::ffff:10.0.0.0/104"}}]}],"egress":[{"to":[{"ipBlock":{"cidr":"10.0.0.0/8","except":["10.1.0.0/16"]}}]}]}}`))
	var got []string
	for _, a := range facts.LooseAddresses.Of(s.collect(t, kube.Options{})) {
		got = append(got, fmt.Sprintf("%s %s/%s %s %s", a.Kind, a.Namespace, a.Name, a.Field, a.Value))
	}
	want := []string{
		"NetworkPolicy shop/p spec.ingress[0].from[0].ipBlock.cidr ::ffff:10.0.0.0/104",
		"Service shop/cart spec.externalIPs[0] 010.0.0.1", "Service shop/cart spec.loadBalancerSourceRanges[1] 192.168.0.7/24",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// TestProbeTimeouts: a command that takes too long is told from an address that does.
func TestProbeTimeouts(t *testing.T) {
	s := serve(t)
	event := func(pod, message string) string {
		return fmt.Sprintf(`{"metadata":{"namespace":"shop","name":%q},"involvedObject":{"kind":"Pod","namespace":"shop","name":%q},"reason":"Unhealthy","message":%q,"count":2}`, pod+message[:4], pod, message)
	}
	s.json("/api/v1/events", listOf(
		event("a", `Liveness probe errored: rpc error: code = DeadlineExceeded desc = failed to exec in container: timeout 1s exceeded: context deadline exceeded`),
		event("a", `Readiness probe failed: command timed out: "sh -c x" timed out after 1s`),
		event("b", `Readiness probe failed: Get "http://10.0.0.9/": context deadline exceeded (Client.Timeout exceeded while awaiting headers)`)))
	want := []facts.ProbeTimeout{{Namespace: "shop", Pod: "a", Times: 4}}
	if diff := cmp.Diff(want, facts.ProbeTimeouts.Of(s.collect(t, kube.Options{}))); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// TestCriticalQuotas: quotas that go by a priority class are told from others.
func TestCriticalQuotas(t *testing.T) {
	s := serve(t)
	s.json("/api/v1/resourcequotas", listOf(`{"metadata":{"namespace":"a","name":"critical"},"spec":{"hard":{"pods":"10"},"scopeSelector":{"matchExpressions":[{"scopeName":"PriorityClass","operator":"In","values":["system-node-critical"]}]}}}`,
		`{"metadata":{"namespace":"b","name":"any"},"spec":{"scopes":["PriorityClass"]}}`, `{"metadata":{"namespace":"c","name":"plain"},"spec":{"hard":{"pods":"10"}}}`))
	want := []facts.CriticalQuota{{Namespace: "a", Name: "critical", Classes: []string{"system-node-critical"}}, {Namespace: "b", Name: "any"}}
	if diff := cmp.Diff(want, facts.CriticalQuotas.Of(s.collect(t, kube.Options{}))); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// TestNetworkPlugins: a DaemonSet in its node's own network that configures the node's is
// its plugin; what adds to one that is there, or waits for it, is none.
func TestNetworkPlugins(t *testing.T) {
	s := serve(t)
	reaching := func(path string) string {
		return `,"volumes":[{"name":"cni","hostPath":{"path":"` + path + `"}}],"containers":[{"name":"c"}]`
	}
	s.json(podsPath, listOf(
		aPod("calico-system", "calico-node-1", ``, "DaemonSet/calico-node", `,"hostNetwork":true`+reaching("/etc/cni/net.d")),
		aPod("calico-system", "calico-node-2", ``, "DaemonSet/calico-node", `,"hostNetwork":true`+reaching("/etc/cni/net.d")),
		aPod("kube-system", "anetd-1", ``, "DaemonSet/anetd", `,"hostNetwork":true`+reaching("/etc/cni/net.d/")),
		aPod("kube-system", "multus-1", ``, "DaemonSet/kube-multus-ds", `,"hostNetwork":true`+reaching("/etc/cni/net.d")),
		aPod("mesh", "cni-1", ``, "DaemonSet/mesh-cni", reaching("/etc/cni/net.d")),
		aPod("logs", "agent-1", ``, "DaemonSet/agent", `,"hostNetwork":true`+reaching("/var/log")),
		aPod("shop", "debug", ``, "StatefulSet/debug", `,"hostNetwork":true`+reaching("/etc/cni/net.d")),
	))
	want := []facts.NetworkPlugin{{Namespace: "calico-system", Name: "calico-node"}, {Namespace: "kube-system", Name: "anetd"}}
	if diff := cmp.Diff(want, facts.NetworkPlugins.Of(s.collect(t, kube.Options{}))); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
