package dial

import (
	"bufio"
	"context"
	"crypto/tls"
	"io"
	"log"
	"net"
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
		q := question{Request: &planFor(t, backend{l.Addr().String(), ca, nil}, clusterRole("a"))[0]}
		client, err := newHookClient(q.Interception, l.Addr().String(), (&journey{ctx: t.Context()}).dial)
		if err != nil {
			t.Fatal(err)
		}
		j := &journey{ctx: t.Context()}
		if err := q.lateAlert(t.Context(), j, client.Client.Transport, l.Addr().String()); err == nil {
			t.Error("the second handshake shows nothing")
		}
		j.close()
	}
}

// TestSwitchingProtocols has a backend switch to no protocol and say no more. The
// transport leaves such a connection to its caller, deadline and all.
func TestSwitchingProtocols(t *testing.T) {
	ca := newAuthority(t, time.Now().Add(time.Hour))
	cert := ca.issue(t, serviceName, time.Now().Add(time.Hour))
	b := serveRaw(t, func(conn net.Conn) {
		secured := tls.Server(conn, &tls.Config{Certificates: []tls.Certificate{cert}})
		_, _ = http.ReadRequest(bufio.NewReader(secured))
		_, _ = io.WriteString(secured, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n")
	})
	b.ca = ca
	outcome{answer: facts.Hung, detail: "no answer within 1s"}.check(t, askOnce(t, b, clusterRole("a"), within(time.Second)))
}

// TestClosedByTime has the end of the question's time seen as what it does, the
// closing of the connection, and not as a fault of the backend.
func TestClosedByTime(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 0)
	defer cancel()
	q := &question{Request: &planFor(t, backend{address: "127.0.0.1:1"}, clusterRole("a"))[0]}
	closed := &net.OpError{Op: "read", Net: "tcp", Err: net.ErrClosed}
	for want, j := range map[facts.Answer]*journey{
		facts.ConnectTimeout: {ctx: ctx},
		facts.HungBeforeTLS:  {ctx: ctx, connected: true},
		facts.Hung:           {ctx: ctx, connected: true, secure: true},
	} {
		if a := j.failure(q, closed); a.Answer != want {
			t.Errorf("%s: %s, not %s", a.Answer, a.Detail, want)
		}
	}
}
