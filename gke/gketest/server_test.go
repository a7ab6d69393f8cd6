package gketest_test

import (
	"net/http"
	"os"
	"testing"

	"cloud.google.com/go/container/apiv1"
	"cloud.google.com/go/container/apiv1/containerpb"
	"google.golang.org/api/option"

	"github.com/gke-preflight/gke-preflight/gke/gketest"
)

const prod = "projects/acme-prod/locations/europe-west1/clusters/prod"

func serve(t *testing.T) (*gketest.Server, *container.ClusterManagerClient) {
	t.Helper()
	s, err := gketest.Serve(os.DirFS("../../testdata/gke/standard-regional"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	c, err := container.NewClusterManagerRESTClient(t.Context(), option.WithEndpoint(s.URL), option.WithoutAuthentication(), option.WithHTTPClient(&http.Client{}))
	if err != nil {
		t.Fatal(err)
	}
	return s, c
}

func TestUnknownCluster(t *testing.T) {
	_, c := serve(t)
	for name, found := range map[string]bool{prod: true, prod + "-2": false, "projects/other/locations/europe-west1/clusters/prod": false} {
		if _, err := c.GetCluster(t.Context(), &containerpb.GetClusterRequest{Name: name}); (err == nil) != found {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestNothingIsChanged(t *testing.T) {
	s, c := serve(t)
	_, err := c.UpdateMaster(t.Context(), &containerpb.UpdateMasterRequest{Name: prod, MasterVersion: "-"})
	if err == nil {
		t.Error("an upgrade of the control plane succeeds")
	}
	calls := s.Calls()
	if len(calls) != 1 || calls[0].Method != "POST /v1/"+prod+":updateMaster" {
		t.Errorf("the calls were %+v", calls)
	}
}

func TestPatch(t *testing.T) {
	s, c := serve(t)
	s.Patch(gketest.Endpoint("10.77.1.10:6443", []byte("pem")))
	got, err := c.GetCluster(t.Context(), &containerpb.GetClusterRequest{Name: prod})
	if err != nil {
		t.Fatal(err)
	}
	if got.GetEndpoint() != "10.77.1.10:6443" || got.GetMasterAuth().GetClusterCaCertificate() != "cGVt" || got.GetPrivateClusterConfig() != nil {
		t.Errorf("got %v", got)
	}
}
