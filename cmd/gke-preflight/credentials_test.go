package main

import (
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"
)

// Each way in which credentials or the connection fail has a sentence of its own, with
// what cures it; nothing is printed as if there were a verdict, and no token is told.
func TestCredentialFailures(t *testing.T) {
	const plugin = `exec: {apiVersion: client.authentication.k8s.io/v1beta1, command: gke-gcloud-auth-plugin, interactiveMode: Never}`
	const named = "--project acme-prod --location europe-west1 --cluster prod"
	for name, c := range map[string]door{
		"a plugin that is logged out": {user: plugin,
			plugin: `echo 'F1129 02:00:01.1 9 cred.go:123] print credential failed with error: Failed to retrieve access token:: failure while executing gcloud: ERROR: Reauthentication failed. cannot prompt during non-interactive execution.' >&2; exit 1`,
			want:   "was not asked: gke-gcloud-auth-plugin has no credentials to give: run gcloud auth login, or without anybody at the terminal gcloud auth activate-service-account --key-file FILE (it says: F1129 02:00:01.1 9 cred.go:123] print credential failed"},
		"a plugin that is not installed": {user: plugin,
			want: "was not asked: gke-gcloud-auth-plugin, which gives the credentials, is not installed: run gcloud components install gke-gcloud-auth-plugin"},
		"another plugin, with a hint of the kubeconfig": {user: `exec: {apiVersion: client.authentication.k8s.io/v1, command: /none/kubelogin, interactiveMode: Never, installHint: "brew install kubelogin"}`,
			want: "was not asked: /none/kubelogin, which gives the credentials, is not installed: brew install kubelogin"},
		"a plugin that would command a workflow": {user: plugin, plugin: `printf '::error::a\n##[error]b\n' >&2; exit 1`,
			want: "(it says: ::error::a ## [error]b)"},
		"a plugin that hangs, and whom it calls": {user: plugin, flags: "--timeout 1s",
			plugin: "sleep 1000 & echo $! > plugin.pid; wait", gone: true,
			want: "the 1s of --timeout are over: SERVER (context gke_acme-prod_europe-west1_prod) was not asked: gke-gcloud-auth-plugin, which gives the credentials, did not end in time and was stopped: it waits for the network or for a login: run gcloud auth login"},
		"a plugin that wants a person": {user: strings.Replace(plugin, "Never", "Always", 1), plugin: "exit 0",
			want: "was not asked: gke-gcloud-auth-plugin, which gives the credentials, wants to ask somebody and there is no terminal"},
		"a version of the protocol that is gone": {user: strings.Replace(plugin, "v1beta1", "v1alpha1", 1), plugin: "exit 0",
			want: `was not asked: gke-gcloud-auth-plugin and the kubeconfig don't agree on a version of their protocol, the kubeconfig wants "client.authentication.k8s.io/v1alpha1": bring the plugin up to date, and run gcloud container clusters get-credentials prod --location europe-west1 --project acme-prod`},
		"a plugin that speaks another version": {user: plugin, plugin: `echo '{"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": {"token": "secret-token"}}'`,
			want: "don't agree on a version of their protocol, the kubeconfig wants client.authentication.k8s.io/v1beta1 and the plugin answers client.authentication.k8s.io/v1"},
		"a plugin that answers nothing": {user: plugin, plugin: "echo Welcome",
			want: "was not asked: gke-gcloud-auth-plugin gives no credentials, what it prints is no ExecCredential: run it by hand"},
		"auth-provider": {user: "auth-provider: {name: gcp}",
			want: `gke-preflight: context "gke_acme-prod_europe-west1_prod" logs in by auth-provider gcp, which Kubernetes' clients have not had since 1.26: write it anew by gcloud container clusters get-credentials`},
		"a token that is refused": {user: "token: expired-token", answer: status(http.StatusUnauthorized, "Unauthorized"),
			want: "refuses the credentials: run gcloud auth login, or run gcloud container clusters get-credentials prod --location europe-west1 --project acme-prod"},
		"a certificate that expired": {expired: true,
			want: "has a certificate that expired on 2026-01-02T00:00:00Z: if the clock of this machine goes right, the control plane was not renewed in time; run gcloud container clusters update prod --location europe-west1 --project acme-prod --start-credential-rotation"},
		"a certificate for another name": {server: "https://localhost:PORT",
			want: "has a certificate for other names than the one that the kubeconfig calls it by: run gcloud container clusters get-credentials prod"},
		"a certificate by somebody else": {stranger: true,
			want: "has a certificate that is not from the cluster's authority: something in between intercepts TLS, or the cluster was made anew"},
		"a DNS endpoint without the permission": {server: "https://gke-1234.europe-west1.gke.goog", answer: plain(http.StatusForbidden, "Permission 'container.clusters.connect' denied"),
			want: "is the cluster's DNS endpoint, which lets nobody through without the permission container.clusters.connect"},
		"a Connect gateway without the permission": {server: gateway + "prod", answer: plain(http.StatusForbidden, "Permission 'gkehub.gateway.get' denied"),
			want: "is the Connect gateway, which lets nobody through without gkehub.gateway.get"},
		"a Connect gateway to nowhere": {server: gateway + "prod", answer: plain(http.StatusNotFound, "not found"),
			want: "is the Connect gateway, which knows no such membership: gcloud container fleet memberships list"},
		"a user who may read nothing": {answer: status(http.StatusForbidden, `forbidden: User \"me\" cannot get path \"/version\"`),
			want: "lets this user read nothing at all, not even /version: bind the ClusterRole that gke-preflight rbac prints"},
		"a certificate that is none": {user: "client-certificate-data: Zm9v, client-key-data: Zm9v",
			want: "gke-preflight: context gke_acme-prod_europe-west1_prod can't be used, for a certificate or key in it is broken: run gcloud container clusters get-credentials prod"},
		"a plugin whose certificate is none": {user: plugin, plugin: `echo '{"apiVersion": "client.authentication.k8s.io/v1beta1", "kind": "ExecCredential", "status": {"clientCertificateData": "C", "clientKeyData": "K"}}'`,
			want: "can't be used, for a certificate or key in it is broken"},
		"a token of two lines": {user: `token: "secret-token\nx"`,
			want: "was not asked: the token holds what no request can carry, such as a line break: run gcloud container clusters get-credentials prod"},
		"a proxy that is not there": {server: "https://127.0.0.1:PORT\", proxy-url: \"http://127.0.0.1:1",
			want: "was not reached, for the proxy in between fails: look at proxy-url in the kubeconfig"},
		"a server that says more than it was asked": {answer: babbles, want: "answers with something unexpected"},
		"a proxy's page": {answer: plain(http.StatusOK, "<html>"), want: "answers with something unexpected: is it a Kubernetes API server?"},
		"a redirect to plain http": {leads: true,
			want: "leads on to http://ELSEWHERE, where no token is sent: a proxy or its login page answers in the API server's place"},
		"no Application Default Credentials": {flags: named, adc: "none", bare: true,
			want: "the GKE API does not tell of cluster prod: there are no Application Default Credentials: run gcloud auth application-default login, or set GOOGLE_APPLICATION_CREDENTIALS"},
		"a token server that hangs": {flags: named + " --timeout 1s", adc: "hang", bare: true,
			want: "the 1s of --timeout are over: the GKE API does not tell of cluster prod: "},
		"a token server that fails": {flags: named, adc: "fail", bare: true,
			want: "the GKE API does not tell of cluster prod: the server that gives out tokens answers 503: try again later, for the credentials may be good"},
		"a login that was revoked": {flags: named, adc: "refuse", bare: true,
			want: "the GKE API does not tell of cluster prod: the Application Default Credentials don't work: run gcloud auth application-default login, or set GOOGLE_APPLICATION_CREDENTIALS"},
		"a token server that is not there": {flags: named, adc: "closed", bare: true,
			want: "the GKE API does not tell of cluster prod: the server that gives out tokens, 127.0.0.1, can't be reached: "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := c.open(t)
			code, out, said := s.check(t)
			want := strings.NewReplacer("SERVER", s.url, "ELSEWHERE", s.elsewhere).Replace(c.want)
			if code != 1 || out != "" || !strings.Contains(said, want) {
				t.Errorf("exit %d, printed %q, said\n%swant\n%s", code, out, said, want)
			}
			if strings.Contains(said, "-token\"") || strings.Contains(said, "secret-token") {
				t.Errorf("a token is told: %s", said)
			}
			if strings.Count(said, "\n") != 1 {
				t.Errorf("more than one line: %s", said)
			}
			if c.gone {
				b, err := os.ReadFile(s.dir + "/plugin.pid")
				if err != nil {
					t.Fatal(err)
				}
				ended(t, strings.TrimSpace(string(b)))
			}
			if s.leaked.Load() != "" {
				t.Errorf("another server was sent %s", s.leaked.Load())
			}
		})
	}
}

// babbles answers, and says more on the same connection.
func babbles(w http.ResponseWriter, _ *http.Request) {
	conn, _, err := w.(http.Hijacker).Hijack()
	if err == nil {
		_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n<html>::error::what nobody asked for\n")
		time.Sleep(100 * time.Millisecond)
		_ = conn.Close()
	}
}

const gateway = "https://europe-west1-connectgateway.googleapis.com/v1/projects/1/locations/europe-west1/gkeMemberships/"
