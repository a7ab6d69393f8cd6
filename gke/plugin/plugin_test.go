package plugin_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"k8s.io/client-go/rest"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/gke-preflight/gke-preflight/gke/plugin"
)

// script is a plugin that is a shell script.
func script(t *testing.T, lines string) *clientcmdapi.ExecConfig {
	t.Helper()
	file := filepath.Join(t.TempDir(), "plugin")
	if err := os.WriteFile(file, []byte("#!/bin/sh\n"+lines+"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	return &clientcmdapi.ExecConfig{Command: file, APIVersion: "client.authentication.k8s.io/v1", InteractiveMode: clientcmdapi.NeverExecInteractiveMode}
}

// A token goes with each request until it has expired or is refused; only then is the
// plugin run again. It is told the cluster, where the kubeconfig says so.
func TestTokens(t *testing.T) {
	runs := filepath.Join(t.TempDir(), "runs")
	config := script(t, `echo "$KUBERNETES_EXEC_INFO" >> `+runs+`
n=$(grep -c ExecCredential `+runs+`)
test "$WHO" = me || exit 1
echo '{"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": {"token": "token-'$n'", "expirationTimestamp": "'$UNTIL'"}}'`)
	config.Env = []clientcmdapi.ExecEnvVar{{Name: "WHO", Value: "me"}, {Name: "UNTIL", Value: "2999-01-01T00:00:00Z"}}
	config.ProvideClusterInfo = true
	var sent []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		sent = append(sent, r.Header.Get("Authorization"))
		if len(sent) == 2 {
			w.WriteHeader(http.StatusUnauthorized)
		}
	}))
	defer server.Close()
	cfg := &rest.Config{Host: server.URL, ExecProvider: config}
	if err := plugin.Use(t.Context(), cfg); err != nil {
		t.Fatal(err)
	}
	client, err := rest.HTTPClientFor(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ask := func() {
		t.Helper()
		resp, err := client.Get(server.URL)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
	}
	for range 3 {
		ask()
	}
	if got, want := strings.Join(sent, " "), "Bearer token-1 Bearer token-1 Bearer token-2"; got != want {
		t.Errorf("sent %s, want %s", got, want)
	}
	if b, err := os.ReadFile(runs); err != nil || !strings.Contains(string(b), `"server":"`+server.URL+`"`) || !strings.Contains(string(b), `"interactive":false`) {
		t.Errorf("the plugin was told %s, %v", b, err)
	}
	config.Env[1].Value = "2001-01-01T00:00:00Z"
	cfg = &rest.Config{Host: server.URL, ExecProvider: config}
	if err := plugin.Use(t.Context(), cfg); err != nil {
		t.Fatal(err)
	}
	if client, err = rest.HTTPClientFor(cfg); err != nil {
		t.Fatal(err)
	}
	ask()
	if got := sent[len(sent)-1]; got != "Bearer token-4" {
		t.Errorf("an expired token was sent: %s", got)
	}
}

// A certificate is the connection's, and a plugin that nobody needs is not run.
func TestOtherCredentials(t *testing.T) {
	cfg := &rest.Config{Host: "https://127.0.0.1:1", ExecProvider: script(t, `echo '{"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": {"clientCertificateData": "C", "clientKeyData": "K"}}'`)}
	if err := plugin.Use(t.Context(), cfg); err != nil || string(cfg.CertData) != "C" || string(cfg.KeyData) != "K" || cfg.ExecProvider != nil || cfg.WrapTransport != nil {
		t.Errorf("%v: %+v", err, cfg.TLSClientConfig)
	}
	cfg = &rest.Config{Host: "https://127.0.0.1:1", BearerToken: "given", ExecProvider: script(t, "exit 1")}
	if err := plugin.Use(t.Context(), cfg); err != nil || cfg.ExecProvider != nil {
		t.Errorf("beside a token: %v", err)
	}
}

// What went wrong is told apart, in the plugin's own words where it has any.
func TestProblems(t *testing.T) {
	const answer = `{"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential"`
	for name, c := range map[string]struct {
		config  *clientcmdapi.ExecConfig
		problem plugin.Problem
		said    string
	}{
		"no such program":    {&clientcmdapi.ExecConfig{Command: "/none/x", APIVersion: "client.authentication.k8s.io/v1", InteractiveMode: clientcmdapi.NeverExecInteractiveMode}, plugin.NotInstalled, ""},
		"not on the PATH":    {&clientcmdapi.ExecConfig{Command: "no-such-plugin", APIVersion: "client.authentication.k8s.io/v1", InteractiveMode: clientcmdapi.NeverExecInteractiveMode}, plugin.NotInstalled, ""},
		"says why":           {script(t, "echo 'log in' >&2; echo first >&2; exit 3"), plugin.Failed, "log in first"},
		"says nothing":       {script(t, "exit 3"), plugin.Failed, "exit status 3"},
		"no JSON":            {script(t, "echo hello"), plugin.NoCredential, "what it prints is no ExecCredential"},
		"no status":          {script(t, "echo '"+answer+"}'"), plugin.NoCredential, "its answer has no status"},
		"an empty status":    {script(t, "echo '"+answer+`, "status": {}}'`), plugin.NoCredential, "neither a token nor a certificate is in its answer"},
		"half a certificate": {script(t, "echo '"+answer+`, "status": {"clientKeyData": "K"}}'`), plugin.NoCredential, "of a certificate and its key only one is in its answer"},
		"too much":           {script(t, "head -c 3000000 /dev/zero; exit 0"), plugin.NoCredential, "what it prints is no ExecCredential"},
	} {
		t.Run(name, func(t *testing.T) {
			err := plugin.Use(t.Context(), &rest.Config{Host: "https://127.0.0.1:1", ExecProvider: c.config})
			var e *plugin.Error
			if !errors.As(err, &e) || e.Problem != c.problem || e.Said != c.said {
				t.Errorf("%+v (%v), want %s: %s", e, err, c.problem, c.said)
			}
		})
	}
	if err := plugin.Use(t.Context(), &rest.Config{}); err != nil {
		t.Error(err)
	}
}

// A plugin that never answers ends with whoever waits for it; one that leaves a child
// with its output behind is not waited for.
func TestHanging(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	var e *plugin.Error
	if err := plugin.Use(ctx, &rest.Config{ExecProvider: script(t, "echo waiting >&2; sleep 1000 & sleep 1000")}); !errors.As(err, &e) || e.Problem != plugin.Hung || e.Said != "waiting" {
		t.Errorf("%v", err)
	}
	ctx, cancel = context.WithCancel(t.Context())
	time.AfterFunc(100*time.Millisecond, cancel)
	if err := plugin.Use(ctx, &rest.Config{ExecProvider: script(t, "sleep 1000")}); !errors.Is(err, context.Canceled) {
		t.Errorf("interrupted: %v", err)
	}
	left := script(t, `sleep 5 & echo '{"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": {"token": "x"}}'`)
	if err := plugin.Use(t.Context(), &rest.Config{ExecProvider: left}); err != nil {
		t.Errorf("a child that stays: %v", err)
	}
}
