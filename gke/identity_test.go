package gke_test

import (
	"context"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"k8s.io/client-go/rest"

	"github.com/gke-preflight/gke-preflight/gke"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

func TestIdentityErrors(t *testing.T) {
	server, ca := kubernetes(t)
	other := otherKubernetes(t)
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "<html>log in</html>") }))
	t.Cleanup(web.Close)
	tls := rest.TLSClientConfig{CAData: ca}
	prod := facts.Cluster{Name: "prod", Location: "europe-west1", Project: "acme-prod"}
	for name, tc := range map[string]struct {
		cfg     rest.Config
		cluster facts.Cluster
		want    string
	}{
		"connection refused": {rest.Config{Host: "https://127.0.0.1:1"}, prod,
			"https://127.0.0.1:1 (context prod) refuses the connection: is this the right context, and is the VPN, proxy or tunnel up? ("},
		"no such host": {rest.Config{Host: "https://gke.invalid"}, prod, "https://gke.invalid (context prod) is a host that nobody knows: "},
		"another authority": {rest.Config{Host: other.URL, TLSClientConfig: rest.TLSClientConfig{CAData: ca}}, prod,
			other.URL + " (context prod) has a certificate that is not from the cluster's authority: something in between intercepts TLS, or the cluster was made anew; " +
				"run gcloud container clusters get-credentials prod --location europe-west1 --project acme-prod ("},
		"credentials refused": {rest.Config{Host: server.URL, TLSClientConfig: tls, BearerToken: "expired-token"}, facts.Cluster{Name: "kind"},
			server.URL + " (context prod) refuses the credentials: run gcloud auth login, or renew the kubeconfig by gcloud container clusters get-credentials"},
		"no Kubernetes": {rest.Config{Host: web.URL}, prod, web.URL + " (context prod) answers with something unexpected: is it a Kubernetes API server? ("},
	} {
		t.Run(name, func(t *testing.T) {
			c := gke.Connection{Kubernetes: &tc.cfg, Cluster: tc.cluster, Way: "context prod"}
			_, err := c.Identity(t.Context())
			if err == nil || !strings.HasPrefix(err.Error(), tc.want) || strings.Contains(err.Error(), "expired-token") {
				t.Errorf("got  %v\nwant %s", err, tc.want)
			}
		})
	}
	t.Run("no answer", func(t *testing.T) {
		hung := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			<-r.Context().Done()
		}))
		defer hung.Close()
		c := gke.Connection{Kubernetes: &rest.Config{Host: hung.URL, Timeout: 100e6}, Way: "context prod"}
		if _, err := c.Identity(t.Context()); err == nil || !strings.Contains(err.Error(), "does not answer: is this the right context, and is the VPN up?") {
			t.Errorf("got %v", err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := c.Identity(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("interrupted: %v", err)
		}
	})
}

// otherKubernetes has a certificate of an authority of its own.
func otherKubernetes(t *testing.T) *httptest.Server {
	t.Helper()
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.TLS = selfSigned(t)
	server.StartTLS()
	t.Cleanup(server.Close)
	return server
}
