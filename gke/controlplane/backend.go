package controlplane

import (
	"bytes"
	"crypto/tls"
	"encoding/json"
	"io"
	"log"
	"net"
	"net/http"
	"sync"

	admissionv1 "k8s.io/api/admission/v1"
)

// A Backend is a webhook backend in this process.
type Backend struct {
	server *http.Server

	mu        sync.Mutex
	behaviour Behaviour
	held      []net.Conn
	seen      []admissionv1.AdmissionRequest
}

// Serve answers what reaches l, over TLS unless config is nil, until [Backend.Stop].
func Serve(l net.Listener, config *tls.Config, first Behaviour) *Backend {
	if first.respond == nil {
		first = Allow()
	}
	b := &Backend{behaviour: first}
	b.server = &http.Server{Handler: b, TLSConfig: config, ErrorLog: log.New(io.Discard, "", 0)}
	go func() {
		if config == nil {
			_ = b.server.Serve(gate{l, b})
		} else {
			_ = b.server.ServeTLS(gate{l, b}, "", "")
		}
	}()
	return b
}

// Behave changes what the backend does with whatever reaches it from now on.
// Connections that it has left hanging are cut.
func (b *Backend) Behave(behaviour Behaviour) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.behaviour = behaviour
	b.release()
}

// Seen are the requests of the AdmissionReviews that have reached the backend.
func (b *Backend) Seen() []admissionv1.AdmissionRequest {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]admissionv1.AdmissionRequest(nil), b.seen...)
}

// ServeHTTP implements [http.Handler].
func (b *Backend) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var review admissionv1.AdmissionReview
	body, _ := io.ReadAll(r.Body)
	_ = json.Unmarshal(body, &review)
	r.Body = io.NopCloser(bytes.NewReader(body))
	b.mu.Lock()
	if review.Request != nil {
		b.seen = append(b.seen, *review.Request)
	}
	respond := b.behaviour.respond
	b.mu.Unlock()
	respond(w, r, &review)
}

// Stop ends the backend: connections are refused. It may be called again.
func (b *Backend) Stop() {
	_ = b.server.Close()
	b.mu.Lock()
	defer b.mu.Unlock()
	b.release()
}

func (b *Backend) release() {
	for _, conn := range b.held {
		_ = conn.Close()
	}
	b.held = nil
}

// gate holds back connections while the backend hangs before TLS.
type gate struct {
	net.Listener
	b *Backend
}

func (g gate) Accept() (net.Conn, error) {
	for {
		conn, err := g.Listener.Accept()
		if err != nil || !g.b.hold(conn) {
			return conn, err
		}
	}
}

func (b *Backend) hold(conn net.Conn) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.behaviour.beforeTLS {
		b.held = append(b.held, conn)
	}
	return b.behaviour.beforeTLS
}
