package gke_test

import (
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/gke-preflight/gke-preflight/gke"
	"github.com/gke-preflight/gke-preflight/gke/gketest"
	"github.com/gke-preflight/gke-preflight/gke/google"
)

// No redirect takes the token anywhere: not to another host, port or scheme, and
// whatever the way is that it was to go.
func TestRedirects(t *testing.T) {
	var leaked atomic.Int64
	other := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { leaked.Add(1) }))
	defer other.Close()
	known, _ := kubernetes(t)
	var answer atomic.Pointer[http.HandlerFunc]
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { (*answer.Load())(w, r) }))
	defer server.Close()
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	here, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	for name, to := range map[string]string{
		"another host":   "https://localhost:" + here.Port() + "/version",
		"another scheme": "http://" + here.Host + "/version",
		"another port":   other.URL + "/version",
		"no scheme":      "//" + other.Listener.Addr().String() + "/version",
	} {
		t.Run(name, func(t *testing.T) {
			answer.Store(new(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, to, http.StatusTemporaryRedirect) })))
			_, err := identify(t, server.URL, ca)
			if err == nil || !strings.Contains(err.Error(), "where no token is sent") {
				t.Errorf("%v", err)
			}
		})
	}
	if leaked.Load() > 0 {
		t.Errorf("%d requests went elsewhere", leaked.Load())
	}
	t.Run("the same server", func(t *testing.T) {
		answer.Store(new(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/version" && r.URL.RawQuery == "" {
				http.Redirect(w, r, "/version?again", http.StatusTemporaryRedirect)
				return
			}
			known.Config.Handler.ServeHTTP(w, r)
		})))
		if name, err := identify(t, server.URL, ca); err != nil || name == "" {
			t.Errorf("%q, %v", name, err)
		}
	})
	t.Run("the GKE API", func(t *testing.T) {
		gketest.Isolate(t)
		gketest.ServiceAccount(t, "")
		away := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, other.URL+r.URL.Path, http.StatusFound)
		}))
		defer away.Close()
		_, err := gke.Connect(t.Context(), gke.Flags{Project: "acme-prod", Location: "europe-west1", Cluster: "prod", Options: google.Options{Endpoint: away.URL}})
		if err == nil || !strings.Contains(err.Error(), "where no credentials are sent") || leaked.Load() > 0 {
			t.Errorf("%v; %d requests went elsewhere", err, leaked.Load())
		}
	})
}

func identify(t *testing.T, server string, ca []byte) (string, error) {
	t.Helper()
	gketest.Isolate(t)
	c, err := gke.Connect(t.Context(), gke.Flags{
		Options: google.Options{NoGKE: true}, Kubeconfig: kubeconfig(t, prodContext, server),
		Overrides: &clientcmd.ConfigOverrides{ClusterInfo: clientcmdapi.Cluster{CertificateAuthorityData: ca}},
	})
	if err != nil {
		return "", err
	}
	defer c.Close()
	return c.Identity(t.Context())
}
