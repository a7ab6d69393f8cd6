package gke_test

import (
	"os"
	"path/filepath"
	"testing"

	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

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
