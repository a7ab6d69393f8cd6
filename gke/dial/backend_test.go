package dial

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/netip"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"
	admissionv1 "k8s.io/api/admission/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/gke-preflight/gke-preflight/preflight/admission"
	"github.com/gke-preflight/gke-preflight/preflight/bootstrap"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/probe"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// An authority signs certificates.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pem  []byte
}

func newAuthority(t testing.TB, notAfter time.Time) authority {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "ca"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-48 * time.Hour), NotAfter: notAfter, KeyUsage: x509.KeyUsageCertSign,
	}
	key := newKey(t)
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return authority{cert, key, pemOf(der)}
}

func pemOf(der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

func newKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func (a authority) issue(t testing.TB, name string, notAfter time.Time) tls.Certificate {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), DNSNames: []string{name}, NotBefore: time.Now().Add(-48 * time.Hour), NotAfter: notAfter,
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	key := newKey(t)
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, &key.PublicKey, a.key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

const serviceName = "opa.opa.svc"

// A backend is a webhook's backend on the loopback.
type backend struct {
	address string
	ca      authority
	// asked counts the requests that reached it.
	asked *atomic.Int64
}

// serve starts a backend with a good certificate.
func serve(t testing.TB, h http.HandlerFunc) backend {
	ca := newAuthority(t, time.Now().Add(time.Hour))
	return serveTLS(t, ca, ca.issue(t, serviceName, time.Now().Add(time.Hour)), h)
}

func serveTLS(t testing.TB, ca authority, cert tls.Certificate, h http.HandlerFunc) backend {
	t.Helper()
	l := listen(t)
	b := backend{l.Addr().String(), ca, new(atomic.Int64)}
	s := &http.Server{
		TLSConfig: &tls.Config{Certificates: []tls.Certificate{cert}},
		ErrorLog:  log.New(io.Discard, "", 0),
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			b.asked.Add(1)
			h(w, r)
		}),
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = s.ServeTLS(l, "", "")
	}()
	t.Cleanup(func() {
		_ = s.Close()
		<-done
	})
	return b
}

// serveRaw hands every connection to h and closes it when the test ends.
func serveRaw(t testing.TB, h func(net.Conn)) backend {
	t.Helper()
	l := listen(t)
	b := backend{l.Addr().String(), newAuthority(t, time.Now().Add(time.Hour)), new(atomic.Int64)}
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			b.asked.Add(1)
			t.Cleanup(func() { _ = conn.Close() })
			go h(conn)
		}
	}()
	return b
}

func listen(t testing.TB) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

// nobody is a backend of whose address nobody listens.
func nobody(t testing.TB) backend {
	l := listen(t)
	_ = l.Close()
	return backend{l.Addr().String(), newAuthority(t, time.Now().Add(time.Hour)), new(atomic.Int64)}
}

// clusterRole is a start-up write.
func clusterRole(name string) bootstrap.Write {
	gv := schema.GroupVersion{Group: "rbac.authorization.k8s.io", Version: "v1"}
	return bootstrap.Write{
		Hook: "rbac/bootstrap-roles", Operation: bootstrap.Create,
		Resource: gv.WithResource("clusterroles"), Kind: gv.WithKind("ClusterRole"), Name: name, User: bootstrap.Loopback,
		Object: &unstructured.Unstructured{Object: map[string]any{
			"apiVersion": gv.String(), "kind": "ClusterRole", "metadata": map[string]any{"name": name},
		}},
	}
}

// webhook is a webhook with that backend, called for w.
func webhookAt(b backend, w bootstrap.Write, change ...func(*admission.Interception)) admission.Interception {
	i := admission.Interception{
		Kind: admission.ValidatingWebhook, Name: "opa", Webhook: "opa.example.com", Fails: true, Timeout: 10 * time.Second, DryRunnable: true,
		Backend:  admission.Backend{Namespace: "opa", Name: "opa", Port: 443, Path: "/v1/admit/", CABundle: b.ca.pem},
		Resource: w.Resource, ObjectKind: w.Kind, Object: w.Object, OldObject: w.OldObject, ReviewVersions: []string{"v1"},
	}
	for _, c := range change {
		c(&i)
	}
	return i
}

func within(d time.Duration) func(*admission.Interception) {
	return func(i *admission.Interception) { i.Timeout = d }
}

func mutating(i *admission.Interception) { i.Kind = admission.MutatingWebhook }

func handshakeOnly(i *admission.Interception) { i.DryRunnable = false }

func atURL(url string) func(*admission.Interception) {
	return func(i *admission.Interception) {
		i.Backend = admission.Backend{URL: url, CABundle: i.Backend.CABundle}
	}
}

func speaking(version string) func(*admission.Interception) {
	return func(i *admission.Interception) { i.ReviewVersions = []string{version} }
}

// clusterWith has the Service opa/opa in front of the backends.
func clusterWith(t testing.TB, backends ...backend) *facts.Snapshot {
	t.Helper()
	e := facts.ServiceEndpoints{Namespace: "opa", Service: "opa"}
	for _, b := range backends {
		at := netip.MustParseAddrPort(b.address)
		e.Endpoints = append(e.Endpoints, facts.Endpoint{IP: at.Addr().String(), Port: int32(at.Port()), Ready: true})
	}
	return facts.New(facts.Meta{},
		facts.Present(facts.Services, []facts.Service{{Namespace: "opa", Name: "opa", Ports: []facts.ServicePort{{Port: 443}}}}),
		facts.Present(facts.Endpoints, []facts.ServiceEndpoints{e}))
}

var onPods = probe.Options{Vantage: facts.PodNetwork, ServerDryRun: probe.Never}

// planFor is the plan to ask the backend about w.
func planFor(t testing.TB, b backend, w bootstrap.Write, change ...func(*admission.Interception)) []probe.Request {
	return probe.Plan(clusterWith(t, b), []admission.Intercepted{{Write: w, By: []admission.Interception{webhookAt(b, w, change...)}}}, onPods)
}

// askOnce asks the backend from the pod network about one write.
func askOnce(t testing.TB, b backend, w bootstrap.Write, change ...func(*admission.Interception)) facts.Attempt {
	t.Helper()
	attempts := Probe(t.Context(), planFor(t, b, w, change...), Clients{})
	if len(attempts) != 1 {
		t.Fatalf("%d attempts: %v", len(attempts), attempts)
	}
	return attempts[0]
}

// reply answers reviews with what f makes of an answer that allows.
func reply(f func(request *admissionv1.AdmissionRequest, answer map[string]any, response map[string]any)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var review admissionv1.AdmissionReview
		if err := json.NewDecoder(r.Body).Decode(&review); err != nil || review.Request == nil {
			http.Error(w, "no review", http.StatusBadRequest)
			return
		}
		response := map[string]any{"uid": review.Request.UID, "allowed": true}
		answer := map[string]any{"apiVersion": review.APIVersion, "kind": "AdmissionReview", "response": response}
		if f != nil {
			f(review.Request, answer, response)
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(answer)
	}
}

// say answers everything with the status and body given.
func say(status int, contentType, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(status)
		_, _ = io.Copy(w, bytes.NewBufferString(body))
	}
}

// hang answers nothing until the client goes away.
func hang(_ http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	<-r.Context().Done()
}
