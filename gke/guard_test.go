package gke_test

import (
	"strings"
	"testing"

	"cloud.google.com/go/container/apiv1/containerpb"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/gke-preflight/gke-preflight/gke"
	"github.com/gke-preflight/gke-preflight/gke/gketest"
	"github.com/gke-preflight/gke-preflight/gke/google"
)

// TestSameCluster: the addresses that the guard lets pass.
func TestSameCluster(t *testing.T) {
	server, ca := kubernetes(t)
	for name, tc := range map[string]struct {
		server string
		ca     []byte
	}{
		"the public address":             {"https://203.0.113.17", nil},
		"with a port":                    {"https://203.0.113.17:443", nil},
		"the private address":            {"https://10.164.0.2", nil},
		"the DNS endpoint":               {"https://GKE-3f2b7c1e0d9a4a869c537be2a6c1d410a81d-718400291355.europe-west1.gke.goog", nil},
		"a tunnel, by the CA":            {server.URL, ca},
		"the private address, by the CA": {"https://10.164.0.2", ca},
		"the fleet's own gateway":        {"https://europe-west1-connectgateway.googleapis.com/v1/projects/718400291355/locations/europe-west1/gkeMemberships/prod", nil},
	} {
		t.Run(name, func(t *testing.T) {
			gketest.Isolate(t)
			s := serve(t, "standard-regional")
			if tc.ca != nil {
				s.Patch(func(c *containerpb.Cluster) {
					gketest.Endpoint("10.164.0.2", tc.ca)(c)
				})
			}
			rules := kubeconfig(t, prodContext, tc.server)
			o := &clientcmd.ConfigOverrides{ClusterInfo: clientcmdapi.Cluster{CertificateAuthorityData: tc.ca}}
			c, err := gke.Connect(t.Context(), gke.Flags{Kubeconfig: rules, Overrides: o, Options: google.Options{Endpoint: s.URL}})
			if err != nil {
				t.Fatal(err)
			}
			c.Close()
		})
	}
}

// A Connect gateway leads to a membership, which may have any name: the cluster's own
// settings tell which one is its.
func TestGateway(t *testing.T) {
	const own = "//gkehub.googleapis.com/projects/718400291355/locations/europe-west1/memberships/blue"
	for name, c := range map[string]struct{ path, registered, want string }{
		"named otherwise":          {"locations/europe-west1/gkeMemberships/blue", own, ""},
		"named as the cluster":     {"locations/europe-west1/gkeMemberships/prod", "", ""},
		"the other collection":     {"locations/europe-west1/memberships/blue", own, ""},
		"another membership":       {"locations/europe-west1/gkeMemberships/green", own, "leads through the Connect gateway to membership green in europe-west1, but cluster prod is registered as membership blue in europe-west1: they are two clusters; run gcloud container fleet memberships get-credentials blue --location europe-west1"},
		"its name, of another":     {"locations/europe-west1/gkeMemberships/prod", own, "to membership prod in europe-west1, but cluster prod is registered as membership blue"},
		"the same name elsewhere":  {"locations/global/gkeMemberships/blue", own, "to membership blue in global, but cluster prod is registered as membership blue in europe-west1"},
		"nobody knows":             {"locations/europe-west1/gkeMemberships/blue", "", "to membership blue, and the GKE API tells of no membership of cluster prod: whether that is the same cluster can't be told; run gcloud container clusters get-credentials prod"},
		"no membership in the URL": {"", own, "to membership  in no location, but"},
	} {
		t.Run(name, func(t *testing.T) {
			gketest.Isolate(t)
			s := serve(t, "standard-regional")
			s.Patch(func(c2 *containerpb.Cluster) { c2.Fleet = &containerpb.Fleet{Membership: c.registered} })
			k, err := gke.Connect(t.Context(), gke.Flags{Kubeconfig: kubeconfig(t, prodContext, "https://europe-west1-connectgateway.googleapis.com/v1/projects/718400291355/"+c.path), Options: google.Options{Endpoint: s.URL}})
			if err == nil {
				k.Close()
			}
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("%v, want %q", err, c.want)
			}
		})
	}
}
