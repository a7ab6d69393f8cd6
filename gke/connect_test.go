package gke_test

import (
	"testing"

	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/gke-preflight/gke-preflight/gke"
	"github.com/gke-preflight/gke-preflight/gke/gketest"
	"github.com/gke-preflight/gke-preflight/gke/google"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

func TestConnectByName(t *testing.T) {
	gketest.Isolate(t)
	gketest.ServiceAccount(t, "")
	server, ca := kubernetes(t)
	s := serve(t, "standard-regional")
	s.Patch(gketest.Endpoint(host(t, server.URL), ca))
	c, err := gke.Connect(t.Context(), gke.Flags{
		Project: "acme-prod", Location: "europe-west1", Cluster: "prod", Options: google.Options{Endpoint: s.URL, Version: "9"},
		Overrides: &clientcmd.ConfigOverrides{AuthInfo: clientcmdapi.AuthInfo{Impersonate: "auditor"}, Timeout: "7s"},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if name, err := c.Identity(t.Context()); name != "ci as auditor" || err != nil {
		t.Errorf("the identity is %q, %v", name, err)
	}
	if want := (facts.Cluster{Name: "prod", Location: "europe-west1", Project: "acme-prod"}); c.Cluster != want || c.InCluster || c.Kubernetes.Timeout.Seconds() != 7 || c.Kubernetes.UserAgent != "gke-preflight/9" {
		t.Errorf("connected to %+v", c)
	}
}

func TestConnectByDNSEndpoint(t *testing.T) {
	gketest.Isolate(t)
	gketest.ServiceAccount(t, "")
	c, err := gke.Connect(t.Context(), gke.Flags{Project: "acme-prod", Location: "us-central1", Cluster: "shop", Options: google.Options{Endpoint: serve(t, "autopilot").URL}})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if want := "https://gke-a81d6f025b3e4f7c8e11c94d07a2b3653f2b-718400291355.us-central1.gke.goog"; c.Kubernetes.Host != want || c.Kubernetes.CAData != nil {
		t.Errorf("the API server is %s with CA %q", c.Kubernetes.Host, c.Kubernetes.CAData)
	}
}

func TestConnectByKubeconfig(t *testing.T) {
	gketest.Isolate(t)
	t.Setenv(google.EndpointVariable, serve(t, "standard-regional").URL+"/")
	server, _ := kubernetes(t)
	for _, tc := range []struct {
		name    string
		context string
		flags   gke.Flags
		cluster facts.Cluster
		reason  facts.Reason
		detail  string
	}{
		{"by the context's name", prodContext, gke.Flags{Options: google.Options{NoGKE: true}}, facts.Cluster{Name: "prod", Location: "europe-west1", Project: "acme-prod"}, facts.LeftOut, "--no-gke"},
		{"flags win", prodContext, gke.Flags{Options: google.Options{NoGKE: true}, Cluster: "other"}, facts.Cluster{Name: "other", Location: "europe-west1", Project: "acme-prod"}, facts.LeftOut, "--no-gke"},
		{"no cluster of GKE", "kind", gke.Flags{}, facts.Cluster{Name: "kind"}, facts.NotCollected,
			"which GKE cluster this is is unknown: pass --project, --location, --cluster, or --no-gke if it is none"},
		{"named in part", "kind", gke.Flags{Project: "acme-prod"}, facts.Cluster{Name: "kind", Project: "acme-prod"}, facts.NotCollected,
			"which GKE cluster this is is unknown: pass --location, --cluster, or --no-gke if it is none"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			tc.flags.Kubeconfig = kubeconfig(t, tc.context, server.URL)
			c, err := gke.Connect(t.Context(), tc.flags)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			if c.Cluster != tc.cluster || c.Way != "context "+tc.context || c.Kubernetes.Host != server.URL {
				t.Errorf("connected to %+v by %s at %s", c.Cluster, c.Way, c.Kubernetes.Host)
			}
			if a := c.Google.Left(); a.Reason != tc.reason || a.Detail != tc.detail {
				t.Errorf("Google is not asked: %s", a)
			}
		})
	}
}
