package dial

import (
	"crypto/tls"
	"io"
	"log"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// TestClientCertificate has a backend that takes nobody without a certificate. In
// TLS 1.3 it says so only after the client's side of the handshake is over.
func TestClientCertificate(t *testing.T) {
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		ca := newAuthority(t, time.Now().Add(time.Hour))
		l := listen(t)
		s := &http.Server{
			TLSConfig: &tls.Config{
				Certificates: []tls.Certificate{ca.issue(t, serviceName, time.Now().Add(time.Hour))},
				ClientAuth:   tls.RequireAnyClientCert, MaxVersion: version,
			},
			ErrorLog: log.New(io.Discard, "", 0),
			Handler:  reply(nil),
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
		a := askOnce(t, backend{l.Addr().String(), ca, new(atomic.Int64)}, clusterRole("a"))
		outcome{answer: facts.BadAnswer, fault: facts.TLSRefused, detail: "remote error: tls"}.check(t, a)
	}
}
