package dial

import (
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/gke-preflight/gke-preflight/preflight/admission"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// TestRoad has everything that can go wrong before the question is put.
func TestRoad(t *testing.T) {
	hour, past := time.Now().Add(time.Hour), time.Now().Add(-24*time.Hour)
	good, expired := newAuthority(t, hour), newAuthority(t, past)
	bundle := func(b string) change {
		return func(i *admission.Interception) { i.Backend.CABundle = []byte(b) }
	}
	half := within(300 * time.Millisecond)
	for _, test := range []struct {
		name    string
		b       backend
		changes []change
		want    outcome
	}{
		{"refused", nobody(t), nil, outcome{answer: facts.Refused, detail: "connection refused"}},
		{"hangs before TLS", serveRaw(t, func(net.Conn) {}), []change{half}, outcome{answer: facts.HungBeforeTLS, detail: "no TLS handshake"}},
		{"trickles before TLS", serveRaw(t, trickle), []change{half}, outcome{answer: facts.HungBeforeTLS, detail: "no TLS handshake"}},
		{"ends the connection at once", serveRaw(t, func(c net.Conn) { _ = c.Close() }), nil,
			outcome{answer: facts.BadAnswer, fault: facts.Cut, detail: "during the TLS handshake"}},
		{"speaks HTTP without TLS", serveRaw(t, sayRaw("HTTP/1.1 400 Bad Request\r\n\r\n")), nil,
			outcome{answer: facts.BadAnswer, fault: facts.NotTLS, detail: "HTTP response to HTTPS client"}},
		{"speaks another protocol", serveRaw(t, sayRaw("SSH-2.0-OpenSSH_9.9\r\n")), nil,
			outcome{answer: facts.BadAnswer, fault: facts.NotTLS, detail: "does not look like a TLS handshake"}},
		{"wants no TLS with us", serveRaw(t, alertRaw), nil,
			outcome{answer: facts.BadAnswer, fault: facts.TLSRefused, detail: "handshake failure"}},

		{"certificate for another name", serveTLS(t, good, good.issue(t, "opa.other.svc", hour), reply(nil)), nil,
			outcome{answer: facts.BadCertificate, fault: facts.WrongName, detail: "valid for opa.other.svc, not opa.opa.svc"}},
		{"expired certificate", serveTLS(t, good, good.issue(t, serviceName, past), reply(nil)), nil,
			outcome{answer: facts.BadCertificate, fault: facts.Expired, detail: "expired"}},
		{"expired authority", serveTLS(t, expired, expired.issue(t, serviceName, hour), reply(nil)), nil,
			outcome{answer: facts.BadCertificate, fault: facts.BundleExpired, detail: "expired"}},
		{"another authority", serve(t, reply(nil)), []change{bundle(string(good.pem))},
			outcome{answer: facts.BadCertificate, fault: facts.OtherAuthority, detail: "unknown authority"}},
		{"no authority", serve(t, reply(nil)), []change{bundle("")},
			outcome{answer: facts.BadCertificate, fault: facts.BundleEmpty, detail: "unknown authority"}},
		{"an authority that is no PEM", serve(t, reply(nil)), []change{bundle("hello")},
			outcome{answer: facts.BadCertificate, fault: facts.BundleNotPEM, detail: "caBundle holds no certificate that can be read"}},

		{"handshake only", serve(t, reply(nil)), []change{handshakeOnly}, outcome{answer: facts.TLSOnly}},
		{"handshake only, refused", nobody(t), []change{handshakeOnly}, outcome{answer: facts.Refused, detail: "connection refused"}},
		{"handshake only, hangs", serveRaw(t, func(net.Conn) {}), []change{handshakeOnly, half}, outcome{answer: facts.HungBeforeTLS, detail: "no TLS handshake"}},
		{"handshake only, another protocol", serveRaw(t, sayRaw("SSH-2.0-OpenSSH_9.9\r\n")), []change{handshakeOnly},
			outcome{answer: facts.BadAnswer, fault: facts.NotTLS, detail: "does not look like a TLS handshake"}},
		{"handshake only, another name", serveTLS(t, good, good.issue(t, "opa.other.svc", hour), reply(nil)), []change{handshakeOnly},
			outcome{answer: facts.BadCertificate, fault: facts.WrongName, detail: "valid for opa.other.svc, not opa.opa.svc"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			a := askOnce(t, test.b, clusterRole("a"), test.changes...)
			test.want.check(t, a)
			seen := a.Answer == facts.TLSOnly || a.Answer == facts.BadCertificate && a.Fault != facts.BundleNotPEM
			if seen != (a.CertificateNotAfter != "") {
				t.Errorf("the certificate expires at %q", a.CertificateNotAfter)
			}
		})
	}
}

func TestHandshakeSendsNothing(t *testing.T) {
	b := serve(t, reply(nil))
	askOnce(t, b, clusterRole("a"), handshakeOnly)
	if n := b.asked.Load(); n != 0 {
		t.Errorf("the backend got %d requests", n)
	}
}

func TestURL(t *testing.T) {
	b := serve(t, reply(nil))
	port := strings.TrimPrefix(b.address, "127.0.0.1:")
	here := "https://" + b.address + "/admit?x=y"
	for _, test := range []struct {
		name, url string
		clients   Clients
		want      outcome
	}{
		{"beside the API server", here, Clients{Beside: true}, outcome{answer: facts.Allowed}},
		{"a name that leads to the loopback", "https://localhost:" + port, Clients{}, outcome{answer: facts.NotAsked, detail: "the API server's own host"}},
		{"the loopback", here, Clients{Inside: true}, outcome{answer: facts.NotAsked, detail: "the API server's own host"}},
		{"the loopback within IPv6", "https://[::ffff:127.0.0.1]:" + port, Clients{}, outcome{answer: facts.NotAsked, detail: "the API server's own host"}},
		{"no address", "https://0.0.0.0:" + port, Clients{Beside: true}, outcome{answer: facts.NotAsked, detail: "where metadata servers"}},
		{"a metadata server", "https://169.254.169.254/", Clients{Inside: true, Beside: true}, outcome{answer: facts.NotAsked, detail: "where metadata servers"}},
		{"a private address", "https://10.11.12.13/", Clients{}, outcome{answer: facts.NotAsked, detail: "may be another host here"}},
		{"a shared address", "https://100.64.1.2/", Clients{}, outcome{answer: facts.NotAsked, detail: "may be another host here"}},
		{"a private address of IPv6", "https://[fd00::1]/", Clients{}, outcome{answer: facts.NotAsked, detail: "may be another host here"}},
		{"a name that nobody knows", "https://hooks.invalid/", Clients{}, outcome{answer: facts.CouldNotAsk, detail: "hooks.invalid can't be resolved from here"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			// The plan leaves out what it sees to be the API server's own host.
			requests := planFor(t, b, clusterRole("a"), atURL(test.url))
			unguarded := planFor(t, b, clusterRole("a"), atURL("https://example.com/"))
			requests[0].Skip, requests[0].Review, requests[0].ServerName = "", unguarded[0].Review, "127.0.0.1"
			test.want.check(t, Probe(t.Context(), requests, test.clients)[0])
		})
	}
	if n := b.asked.Load(); n != 1 {
		t.Errorf("the backend was asked %d times", n)
	}
}

// TestNoProxy shows that what the environment names as a proxy is not used. The
// environment is read once, so that this takes a process of its own.
func TestNoProxy(t *testing.T) {
	const proxy = "http://127.0.0.1:1"
	if os.Getenv("HTTPS_PROXY") != proxy {
		cmd := exec.Command(os.Args[0], "-test.run=^TestNoProxy$")
		cmd.Env = append(os.Environ(), "HTTPS_PROXY="+proxy)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%v: %s", err, out)
		}
		return
	}
	outcome{answer: facts.Allowed}.check(t, askOnce(t, serve(t, reply(nil)), clusterRole("a")))
}

func sayRaw(s string) func(net.Conn) {
	return func(c net.Conn) {
		_, _ = c.Read(make([]byte, 1024))
		_, _ = io.WriteString(c, s)
	}
}

func alertRaw(c net.Conn) {
	_, _ = c.Read(make([]byte, 1024))
	_, _ = c.Write([]byte{21, 3, 3, 0, 2, 2, 40})
}

func trickle(c net.Conn) {
	for _, b := range []byte{22, 3, 3, 0, 200, 2, 0, 0, 196} {
		if _, err := c.Write([]byte{b}); err != nil {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
}

func TestTLSVersions(t *testing.T) {
	ca := newAuthority(t, time.Now().Add(time.Hour))
	for version, want := range map[uint16]facts.Answer{tls.VersionTLS12: facts.Allowed, tls.VersionTLS11: facts.BadAnswer} {
		t.Run(tls.VersionName(version), func(t *testing.T) {
			l := listen(t)
			s := &http.Server{Handler: reply(nil), ErrorLog: log.New(io.Discard, "", 0)}
			t.Cleanup(func() { _ = s.Close() })
			go func() {
				_ = s.Serve(tls.NewListener(l, &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: version, Certificates: []tls.Certificate{ca.issue(t, serviceName, time.Now().Add(time.Hour))}}))
			}()
			if a := askOnce(t, backend{address: l.Addr().String(), ca: ca}, clusterRole("a")); a.Answer != want {
				t.Errorf("%s: %s", a.Answer, fmt.Sprint(a.Fault, a.Detail))
			}
		})
	}
}
