package gke_test

import (
	"testing"

	"cloud.google.com/go/container/apiv1/containerpb"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/gke-preflight/gke-preflight/gke"
	"github.com/gke-preflight/gke-preflight/gke/gketest"
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
			isolate(t)
			s := serve(t, "standard-regional")
			if tc.ca != nil {
				s.Patch(func(c *containerpb.Cluster) {
					gketest.Endpoint("10.164.0.2", tc.ca)(c)
				})
			}
			rules := kubeconfig(t, prodContext, tc.server)
			o := &clientcmd.ConfigOverrides{ClusterInfo: clientcmdapi.Cluster{CertificateAuthorityData: tc.ca}}
			c, err := gke.Connect(t.Context(), gke.Flags{Kubeconfig: rules, Overrides: o, Endpoint: s.URL})
			if err != nil {
				t.Fatal(err)
			}
			c.Close()
		})
	}
}
