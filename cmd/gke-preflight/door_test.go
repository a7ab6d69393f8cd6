package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// A door is what stands between the tool and a cluster. The zero value is a kubeconfig
// with a token and an API server that knows nothing.
type door struct {
	// user is the kubeconfig's, in YAML; server its address, with PORT for the port.
	user, server string
	// plugin is the script of gke-gcloud-auth-plugin; empty for none.
	plugin string
	flags  string
	answer http.HandlerFunc
	// expired and stranger are of the API server's certificate.
	expired, stranger bool
	// leads says that the server redirects to another, in plain http.
	leads bool
	// bare leaves the kubeconfig out. adc says what the Application Default Credentials'
	// server does; empty for none at all.
	bare bool
	adc  string
	// gone says that what the plugin has called must have ended.
	gone bool
	want string
}

// An opened door has its servers, all of them with TLS.
type opened struct {
	door
	dir, url, elsewhere string
	env                 []string
	// leaked is the Authorization that another server than the API server was sent.
	leaked atomic.Value
}

func (d door) open(t *testing.T) *opened {
	t.Helper()
	s := &opened{door: d, dir: t.TempDir()}
	s.leaked.Store("")
	ca := newAuthority(t)
	write(t, filepath.Join(s.dir, "ca.pem"), string(ca.pem()))
	other := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		s.leaked.Store("a request, " + r.Header.Get("Authorization"))
	}))
	t.Cleanup(other.Close)
	s.elsewhere = strings.TrimPrefix(other.URL, "http://")
	api := s.serve(t, ca, other.URL)
	port := api.Addr().(*net.TCPAddr).Port
	s.url = strings.ReplaceAll(s.server, "PORT", fmt.Sprint(port))
	if s.url == "" {
		s.url = fmt.Sprintf("https://127.0.0.1:%d", port)
	}
	write(t, filepath.Join(s.dir, "config"), s.kubeconfig(ca))
	bin := filepath.Join(s.dir, "bin")
	if s.plugin != "" {
		write(t, filepath.Join(bin, "gke-gcloud-auth-plugin"), "#!/bin/sh\nPATH=/usr/bin:/bin\n"+s.plugin+"\n")
	}
	s.env = []string{"HOME=" + s.dir, "PATH=" + bin, "KUBECONFIG=" + filepath.Join(s.dir, "config"), "SSL_CERT_FILE=" + filepath.Join(s.dir, "ca.pem"),
		"HTTPS_PROXY=" + front(t, api.Addr().String())}
	if s.bare {
		s.env[2] = "KUBECONFIG="
	}
	s.env = append(s.env, s.credentials(t, ca)...)
	return s
}

// serve is the API server.
func (s *opened) serve(t *testing.T, ca *authority, other string) net.Listener {
	handler := s.answer
	if handler == nil {
		handler = status(http.StatusNotFound, "nothing here")
	}
	if s.leads {
		handler = func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, other+r.URL.Path, http.StatusTemporaryRedirect)
		}
	}
	if s.stranger {
		ca = newAuthority(t)
	}
	until := time.Now().Add(time.Hour)
	if s.expired {
		until = time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC)
	}
	return startTLS(t, ca.issue(t, until), handler)
}

func startTLS(t *testing.T, c tls.Certificate, handler http.Handler) net.Listener {
	t.Helper()
	server := httptest.NewUnstartedServer(handler)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.TLS = &tls.Config{Certificates: []tls.Certificate{c}}
	server.StartTLS()
	t.Cleanup(server.CloseClientConnections)
	return server.Listener
}

// front is a proxy through which every name of the internet leads to the same server,
// as Google's names all lead to its front.
func front(t *testing.T, to string) string {
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		server, err := net.Dial("tcp", to)
		if err != nil {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		client, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			return
		}
		_, _ = io.WriteString(client, "HTTP/1.1 200 OK\r\n\r\n")
		go func() { _, _ = io.Copy(server, client) }()
		_, _ = io.Copy(client, server)
		_ = client.Close()
	}))
	t.Cleanup(proxy.CloseClientConnections)
	return proxy.URL
}

func (s *opened) kubeconfig(ca *authority) string {
	authority := ", certificate-authority-data: " + base64.StdEncoding.EncodeToString(ca.pem())
	if strings.Contains(s.url, ".goog") {
		authority = ""
	}
	user := s.user
	if user == "" {
		user = "token: secret-token"
	}
	return fmt.Sprintf(`apiVersion: v1
kind: Config
current-context: gke_acme-prod_europe-west1_prod
contexts: [{name: gke_acme-prod_europe-west1_prod, context: {cluster: prod, user: me}}]
clusters: [{name: prod, cluster: {server: "%s"%s}}]
users: [{name: me, user: {%s}}]
`, s.url, authority, user)
}

// credentials are Application Default Credentials: the key of a service account, whose
// tokens come from a server that does what adc says.
func (s *opened) credentials(t *testing.T, ca *authority) []string {
	var handler http.HandlerFunc
	switch s.adc {
	case "", "none":
		return nil
	case "hang":
		handler = func(_ http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			<-r.Context().Done()
		}
	case "fail":
		handler = plain(http.StatusServiceUnavailable, "busy")
	case "refuse":
		handler = plain(http.StatusBadRequest, `{"error": "invalid_grant", "error_description": "reauth related error (invalid_rapt)"}`)
	}
	from := "https://127.0.0.1:1/token"
	if handler != nil {
		from = "https://" + startTLS(t, ca.issue(t, time.Now().Add(time.Hour)), handler).Addr().String() + "/token"
	}
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(map[string]string{
		"type": "service_account", "client_email": "ci@acme-prod.iam.gserviceaccount.com", "project_id": "acme-prod", "private_key_id": "1", "token_uri": from,
		"private_key": string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})),
	})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(s.dir, "key.json")
	write(t, file, string(b))
	return []string{"GOOGLE_APPLICATION_CREDENTIALS=" + file}
}

// command is a run of the built program.
func (s *opened) command(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	program, err := exec.LookPath("gke-preflight")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, args...)
	cmd.Dir, cmd.Env = s.dir, s.env
	return cmd
}

// check runs a check, and returns what came of it.
func (s *opened) check(t *testing.T) (code int, out, said string) {
	t.Helper()
	args := append([]string{"check"}, strings.Fields(s.flags)...)
	if !s.bare {
		args = append(args, "--no-gke", "--target-version", "1.37")
	}
	var stdout, stderr bytes.Buffer
	cmd := s.command(t, args...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	_ = cmd.Run()
	return cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()
}

func plain(code int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(code)
		_, _ = io.WriteString(w, body)
	}
}

// status is an answer of an API server.
func status(code int, message string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(code)
		fmt.Fprintf(w, `{"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "%s", "code": %d, "message": "%s"}`, http.StatusText(code), code, message)
	}
}

// An authority issues certificates.
type authority struct {
	key  *ecdsa.PrivateKey
	cert *x509.Certificate
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{key: newKey(t)}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "cluster"}, NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, a.key.Public(), a.key)
	if err == nil {
		a.cert, err = x509.ParseCertificate(der)
	}
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func (a *authority) pem() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.cert.Raw})
}

// issue makes a certificate of 127.0.0.1 and of Google's names.
func (a *authority) issue(t *testing.T, until time.Time) tls.Certificate {
	t.Helper()
	key := newKey(t)
	template := &x509.Certificate{SerialNumber: big.NewInt(2), NotBefore: until.AddDate(-1, 0, 0), NotAfter: until, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		DNSNames: []string{"gke-1234.europe-west1.gke.goog", "*.googleapis.com"}}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, key.Public(), a.key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// ended waits until no process has that ID.
func ended(t *testing.T, pid string) {
	t.Helper()
	for t.Context().Err() == nil {
		if b, err := os.ReadFile("/proc/" + pid + "/stat"); err != nil || bytes.Contains(b, []byte(") Z ")) {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
}
