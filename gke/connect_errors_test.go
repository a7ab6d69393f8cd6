package gke_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cloud.google.com/go/container/apiv1/containerpb"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/gke-preflight/gke-preflight/gke"
	"github.com/gke-preflight/gke-preflight/gke/gketest"
	"github.com/gke-preflight/gke-preflight/gke/google"
)

func TestConnectErrors(t *testing.T) {
	named := gke.Flags{Project: "acme-prod", Location: "europe-west1", Cluster: "prod"}
	for _, tc := range []struct {
		name  string
		flags func(*testing.T, *gketest.Server) gke.Flags
		want  string
	}{
		{"nothing at all", func(*testing.T, *gketest.Server) gke.Flags { return gke.Flags{} },
			"there is no kubeconfig, and this is no Pod: write a kubeconfig by gcloud container clusters get-credentials, or pass --project, --location and --cluster"},
		{"no Pod, though it should be one", func(*testing.T, *gketest.Server) gke.Flags {
			f := named
			f.InCluster = true
			return f
		}, "this is no Pod: leave out --in-cluster"},
		{"half a name", func(*testing.T, *gketest.Server) gke.Flags { return gke.Flags{Cluster: "prod"} },
			"there is no kubeconfig, and this is no Pod: pass --project, --location as well"},
		{"no such file", func(*testing.T, *gketest.Server) gke.Flags {
			return gke.Flags{Kubeconfig: &clientcmd.ClientConfigLoadingRules{ExplicitPath: "/nonexistent/config"}}
		}, "there is no kubeconfig /nonexistent/config: check --kubeconfig, or write one by gcloud container clusters get-credentials"},
		{"no kubeconfig", func(t *testing.T, _ *gketest.Server) gke.Flags {
			file := filepath.Join(t.TempDir(), "config")
			if err := os.WriteFile(file, []byte("<html>"), 0o600); err != nil {
				t.Fatal(err)
			}
			return gke.Flags{Kubeconfig: &clientcmd.ClientConfigLoadingRules{ExplicitPath: file}}
		}, "the kubeconfig can't be read: "},
		{"wrong context", func(t *testing.T, _ *gketest.Server) gke.Flags {
			return gke.Flags{Kubeconfig: kubeconfig(t, "kind", "https://203.0.113.17"), Overrides: &clientcmd.ConfigOverrides{CurrentContext: "prod"}}
		}, `the kubeconfig has no context "prod": pass --context with one of kind`},
		{"bad timeout", func(t *testing.T, s *gketest.Server) gke.Flags {
			gketest.ServiceAccount(t, "")
			f := named
			f.Endpoint, f.Overrides = s.URL, &clientcmd.ConfigOverrides{Timeout: "soon"}
			return f
		}, "--request-timeout: "},
		{"no such cluster", func(_ *testing.T, s *gketest.Server) gke.Flags {
			return gke.Flags{Project: "acme-prod", Location: "europe-west1", Cluster: "staging", Options: google.Options{Endpoint: s.URL}}
		}, "there is no cluster staging in europe-west1 of project acme-prod: check --project, --location and --cluster; gcloud container clusters list --project acme-prod lists what there is"},
		{"no such cluster, though the context is named so", func(t *testing.T, s *gketest.Server) gke.Flags {
			return gke.Flags{Kubeconfig: kubeconfig(t, prodContext+"-2", "https://203.0.113.17"), Options: google.Options{Endpoint: s.URL}}
		}, "context gke_acme-prod_europe-west1_prod-2: there is no cluster prod-2 in europe-west1 of project acme-prod: "},
		{"not permitted", func(_ *testing.T, s *gketest.Server) gke.Flags {
			s.Fail("GetCluster", status.Error(codes.PermissionDenied, `Required "container.clusters.get" permission(s) for "projects/acme-prod/locations/europe-west1/clusters/prod".`))
			f := named
			f.Endpoint = s.URL
			return f
		}, `the GKE API does not tell of cluster prod: Required "container.clusters.get" permission(s)`},
		{"no credentials", func(*testing.T, *gketest.Server) gke.Flags { return named },
			"the GKE API does not tell of cluster prod: the Application Default Credentials don't work: run gcloud auth application-default login, or set GOOGLE_APPLICATION_CREDENTIALS ("},
		{"no credentials for the cluster", func(_ *testing.T, s *gketest.Server) gke.Flags {
			f := named
			f.Endpoint = s.URL
			return f
		}, "cluster prod can't be reached: the Application Default Credentials don't work: run gcloud auth application-default login, or set GOOGLE_APPLICATION_CREDENTIALS ("},
		{"the API left out, which finds the cluster", func(*testing.T, *gketest.Server) gke.Flags {
			f := named
			f.NoGKE = true
			return f
		}, "--no-gke leaves out the GKE API, which finds the cluster by --project, --location and --cluster: pass --context as well, or leave out --no-gke"},
		{"no URL", func(*testing.T, *gketest.Server) gke.Flags {
			f := named
			f.Endpoint = "container.googleapis.com:443"
			return f
		}, `the endpoint "container.googleapis.com:443" is no URL: pass --gke-endpoint, or set CLOUDSDK_API_ENDPOINT_OVERRIDES_CONTAINER, to one such as https://container.googleapis.com`},
		{"no address yet", func(_ *testing.T, s *gketest.Server) gke.Flags {
			s.Patch(func(c *containerpb.Cluster) {
				gketest.Endpoint("", nil)(c)
				c.Status = containerpb.Cluster_PROVISIONING
			})
			f := named
			f.Endpoint = s.URL
			return f
		}, "cluster prod has no address yet: its status is PROVISIONING"},
		{"another cluster with the same private address", func(t *testing.T, s *gketest.Server) gke.Flags {
			_, ca := kubernetes(t)
			o := &clientcmd.ConfigOverrides{ClusterInfo: clientcmdapi.Cluster{CertificateAuthorityData: ca}}
			return gke.Flags{Kubeconfig: kubeconfig(t, prodContext, "https://10.164.0.2"), Overrides: o, Options: google.Options{Endpoint: s.URL}}
		}, "context gke_acme-prod_europe-west1_prod leads to https://10.164.0.2, but cluster prod in europe-west1 of project acme-prod has "},
		{"a Pod without a token", func(t *testing.T, _ *gketest.Server) gke.Flags {
			t.Setenv("KUBERNETES_SERVICE_HOST", "10.96.0.1")
			t.Setenv("KUBERNETES_SERVICE_PORT", "443")
			return gke.Flags{}
		}, "the Pod's own credentials can't be used: open /var/run/secrets/"},
		{"a named cluster's Pod without a token", func(t *testing.T, _ *gketest.Server) gke.Flags {
			t.Setenv("KUBERNETES_SERVICE_HOST", "10.96.0.1")
			t.Setenv("KUBERNETES_SERVICE_PORT", "443")
			f := named
			f.InCluster = true
			return f
		}, "the Pod's own credentials can't be used: open /var/run/secrets/"},
		{"another cluster", func(t *testing.T, s *gketest.Server) gke.Flags {
			return gke.Flags{Kubeconfig: kubeconfig(t, prodContext, "https://198.51.100.1:6443"), Options: google.Options{Endpoint: s.URL}}
		}, "context gke_acme-prod_europe-west1_prod leads to https://198.51.100.1:6443, but cluster prod in europe-west1 of project acme-prod has " +
			"203.0.113.17, 10.164.0.2, gke-3f2b7c1e0d9a4a869c537be2a6c1d410a81d-718400291355.europe-west1.gke.goog and another certificate authority: they are two clusters; " +
			"correct --context, or --project, --location and --cluster (--no-gke leaves the GKE API out)"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			gketest.Isolate(t)
			c, err := gke.Connect(t.Context(), tc.flags(t, serve(t, "standard-regional")))
			if err == nil {
				c.Close()
				t.Fatal("no error")
			}
			if !strings.HasPrefix(err.Error(), tc.want) {
				t.Errorf("got  %v\nwant %s", err, tc.want)
			}
			if strings.Contains(err.Error(), "secret-token") {
				t.Errorf("the error tells a token: %v", err)
			}
		})
	}
}
