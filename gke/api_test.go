package gke_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/gke-preflight/gke-preflight/gke"
	"github.com/gke-preflight/gke-preflight/gke/gketest"
)

const prodContext = "gke_acme-prod_europe-west1_prod"

func serve(t *testing.T, kind string) *gketest.Server {
	t.Helper()
	s, err := gketest.Serve(os.DirFS("../testdata/gke/" + kind))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// isolate hides the credentials and the kubeconfig of whoever runs the tests.
func isolate(t *testing.T) {
	t.Helper()
	for _, name := range []string{"KUBECONFIG", "KUBERNETES_SERVICE_HOST", "KUBERNETES_SERVICE_PORT", gke.EndpointVariable} {
		t.Setenv(name, "")
	}
	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("CLOUDSDK_CONFIG", filepath.Join(home, "gcloud"))
	t.Setenv("GOOGLE_APPLICATION_CREDENTIALS", filepath.Join(home, "missing.json"))
}

// kubeconfig writes a file with one context of that name for that server.
func kubeconfig(t *testing.T, context, server string) *clientcmd.ClientConfigLoadingRules {
	t.Helper()
	k := clientcmdapi.NewConfig()
	k.Clusters[context] = &clientcmdapi.Cluster{Server: server}
	k.AuthInfos[context] = &clientcmdapi.AuthInfo{Token: "secret-token"}
	k.Contexts[context] = &clientcmdapi.Context{Cluster: context, AuthInfo: context}
	k.CurrentContext = context
	file := filepath.Join(t.TempDir(), "config")
	if err := clientcmd.WriteToFile(*k, file); err != nil {
		t.Fatal(err)
	}
	return &clientcmd.ClientConfigLoadingRules{ExplicitPath: file}
}

// connect connects to the recorded cluster by kubeconfig and asks s about it.
func connect(t *testing.T, s *gketest.Server, context, server string) *gke.Connection {
	t.Helper()
	isolate(t)
	c, err := gke.Connect(t.Context(), gke.Flags{Kubeconfig: kubeconfig(t, context, server), Endpoint: s.URL, Version: "test"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

// TestOnlyReads: no method that changes anything is called, and no token is
// sent to an endpoint without TLS, although there are credentials.
func TestOnlyReads(t *testing.T) {
	s := serve(t, "standard-regional")
	isolate(t)
	serviceAccount(t, "")
	c, err := gke.Connect(t.Context(), gke.Flags{Kubeconfig: kubeconfig(t, prodContext, "https://203.0.113.17"), Endpoint: s.URL, Version: "test"})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.CollectGKE(t.Context(), nil)
	reads := map[string]int{"GetCluster": 1, "GetServerConfig": 1, "ListOperations": 1, "FetchClusterUpgradeInfo": 1, "FetchNodePoolUpgradeInfo": 2}
	for _, call := range s.Calls() {
		reads[call.Method]--
		for _, header := range []string{"Authorization", "X-Goog-Api-Key", "X-Goog-User-Project"} {
			if v := call.Header.Get(header); v != "" {
				t.Errorf("%s carries %s: %s", call.Method, header, v)
			}
		}
		if !strings.Contains(call.Header.Get("User-Agent"), "gke-preflight/test") {
			t.Errorf("%s is by %q", call.Method, call.Header.Get("User-Agent"))
		}
	}
	for method, left := range reads {
		if left != 0 {
			t.Errorf("%s was called %d times too few", method, left)
		}
	}
}
