package controlplane

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"encoding/json"
	"io"
	"log"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"

	admissionv1 "k8s.io/api/admission/v1"
)

// BackendOptions are what a webhook backend is started with. Zero values are as
// stated.
type BackendOptions struct {
	// Namespace and Service are what leads to it; both are needed.
	Namespace, Service string
	// Pod is its Pod's name; empty for the Service's.
	Pod string
	// Node is the node that its Pod stands on; empty for "node-1".
	Node string
	// Authority issues the certificate; nil for one of the backend's own. Several Pods of
	// a Service need the same.
	Authority *Authority
	// Behaviour is what it does at first; the zero value allows.
	Behaviour Behaviour
	// Names are what its certificate is issued for; none for SERVICE.NAMESPACE.svc.
	Names []string
	// NotAfter is when the certificate expires, and AuthorityNotAfter when the CA
	// does that signed it; zero for ten years from now.
	NotAfter, AuthorityNotAfter time.Time
	// PlainText: it speaks HTTP, without TLS.
	PlainText bool
	// ClientCertificate: it takes nobody who shows no certificate, and says so in
	// TLS 1.2, where the refusal is part of the handshake.
	ClientCertificate bool
}

// A Backend is a webhook backend in this process, on an address of its own that
// its Service leads to.
type Backend struct {
	Endpoint

	server *http.Server

	mu        sync.Mutex
	behaviour Behaviour
	held      []net.Conn
	seen      []admissionv1.AdmissionRequest
}

// StartBackend starts a webhook backend and creates what makes its Service lead
// to it; see [Cluster.Expose]. It ends with the cluster.
func (c *Cluster) StartBackend(ctx context.Context, o BackendOptions) (*Backend, error) {
	endpoint, pair, err := c.newEndpoint(o)
	if err != nil {
		return nil, err
	}
	b, err := listen(endpoint, pair, o)
	if err != nil {
		return nil, err
	}
	c.onStop(b.Stop)
	return b, c.Expose(ctx, b.Endpoint)
}

// newEndpoint gives the backend an address and a certificate.
func (c *Cluster) newEndpoint(o BackendOptions) (Endpoint, Pair, error) {
	c.mu.Lock()
	host := byte(firstBackendHost + c.backends)
	c.backends++
	c.mu.Unlock()
	e := Endpoint{
		Namespace: o.Namespace, Service: o.Service, Pod: cmp.Or(o.Pod, o.Service), Node: cmp.Or(o.Node, "node-1"),
		Address: netip.AddrPortFrom(c.Address(host), 8443),
	}
	ca := o.Authority
	if ca == nil {
		var err error
		if ca, err = newAuthority(o.Service+"-ca", o.AuthorityNotAfter); err != nil {
			return e, Pair{}, err
		}
	}
	e.CABundle = ca.PEM
	names := o.Names
	if names == nil {
		names = []string{o.Service + "." + o.Namespace + ".svc"}
	}
	pair, err := ca.Issue(Certificate{Names: names, NotAfter: o.NotAfter})
	return e, pair, err
}

func listen(e Endpoint, pair Pair, o BackendOptions) (*Backend, error) {
	cert, err := pair.tls()
	if err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp", e.Address.String())
	if err != nil {
		return nil, err
	}
	first := o.Behaviour
	if first.respond == nil {
		first = Allow()
	}
	b := &Backend{Endpoint: e, behaviour: first}
	b.server = &http.Server{
		Handler:   b,
		TLSConfig: &tls.Config{Certificates: []tls.Certificate{cert}},
		ErrorLog:  log.New(io.Discard, "", 0),
	}
	if o.ClientCertificate {
		b.server.TLSConfig.ClientAuth, b.server.TLSConfig.MaxVersion = tls.RequireAnyClientCert, tls.VersionTLS12
	}
	go func() {
		if o.PlainText {
			_ = b.server.Serve(gate{l, b})
		} else {
			_ = b.server.ServeTLS(gate{l, b}, "", "")
		}
	}()
	return b, nil
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
