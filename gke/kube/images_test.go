package kube_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gke-preflight/gke-preflight/gke/kube"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// TestImages: of 50,000 pods each image is kept once, with whose pods run it and where, and
// a pod counts once however many of its containers are of it.
func TestImages(t *testing.T) {
	s := serve(t)
	s.json("/api/v1/nodes", listOf(`{"metadata":{"name":"n1","labels":{"cloud.google.com/gke-nodepool":"a"}}}`))
	containers := func(images ...string) string {
		var all []string
		for n, image := range images {
			all = append(all, fmt.Sprintf(`{"name":"c%d","image":%q}`, n, image))
		}
		return `,"containers":[` + strings.Join(all, ",") + `]`
	}
	dns := strings.Replace(aPod("kube-system", "dns", "", "StatefulSet/dns", containers("shared:1")), `"labels":{}`, `"labels":{"addonmanager.kubernetes.io/mode":"Reconcile"}`, 1)
	s.json(podsPath, listOf(
		aPod("shop", "b-0", "", "StatefulSet/b", containers("app:1", "app:1", "shared:1")),
		aPod("shop", "b-1", "", "StatefulSet/b", containers("app:1")),
		aPod("shop", "a-0", "", "StatefulSet/a", containers("app:1")+`,"initContainers":[{"name":"i","image":"once:1"},{"name":"s","image":"sidecar:1","restartPolicy":"Always"}]`),
		dns))
	app := facts.Image{Image: "app:1", Keeper: facts.OfUser, Pods: 3, Pools: map[string]int32{"a": 3}, Namespace: "shop", Kind: "StatefulSet", Name: "a"}
	want := []facts.Image{app,
		{Image: "shared:1", Keeper: facts.OfGKE, Pods: 1, Pools: map[string]int32{"a": 1}, Namespace: "kube-system", Kind: "StatefulSet", Name: "dns"},
		{Image: "shared:1", Keeper: facts.OfUser, Pods: 1, Pools: map[string]int32{"a": 1}, Namespace: "shop", Kind: "StatefulSet", Name: "b"},
		{Image: "sidecar:1", Keeper: facts.OfUser, Pods: 1, Pools: map[string]int32{"a": 1}, Namespace: "shop", Kind: "StatefulSet", Name: "a"},
	}
	if diff := cmp.Diff(want, facts.Images.Of(s.collect(t, kube.Options{}))); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// TestIngressClasses: who may not list them is told so, and all else is read.
func TestIngressClasses(t *testing.T) {
	const path = "/apis/networking.k8s.io/v1/ingressclasses"
	s := serve(t)
	s.json(path, listOf(`{"metadata":{"name":"nginx"},"spec":{"controller":"k8s.io/ingress-nginx"}}`))
	if diff := cmp.Diff([]facts.IngressClass{{Name: "nginx", Controller: "k8s.io/ingress-nginx"}}, facts.IngressClasses.Of(s.collect(t, kube.Options{}))); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// TestBundle: the release of Gateway API is that of definitions which users installed: those
// that GKE keeps are upgraded with the cluster.
func TestBundle(t *testing.T) {
	s := serve(t)
	definition := func(name, labels string) string {
		return fmt.Sprintf(`{"metadata":{"name":%q,"labels":{%s},"annotations":{"gateway.networking.k8s.io/bundle-version":"v1.4.0"}}}`, name, labels)
	}
	s.json(definitionsPath, listOf(definition("gateways.gateway.networking.k8s.io", ""), definition("httproutes.gateway.networking.k8s.io", `"addonmanager.kubernetes.io/mode":"Reconcile"`)))
	got := facts.CustomResources.Of(s.collect(t, kube.Options{}))
	if len(got) != 2 || got[0].Bundle != "v1.4.0" || got[1].Bundle != "" {
		t.Errorf("%+v", got)
	}
}
