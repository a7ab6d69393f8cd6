package rig

import (
	"cmp"
	"context"
	"crypto/tls"
	"net"
	"net/netip"
	"time"

	"github.com/gke-preflight/gke-preflight/gke/controlplane"
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
	Authority *controlplane.Authority
	// Behaviour is what it does at first; the zero value allows.
	Behaviour controlplane.Behaviour
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
	*controlplane.Backend
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
	c.OnStop(b.Stop)
	return b, c.Expose(ctx, b.Endpoint)
}

// newEndpoint gives the backend an address and a certificate.
func (c *Cluster) newEndpoint(o BackendOptions) (Endpoint, controlplane.Pair, error) {
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
		if ca, err = controlplane.NewAuthorityUntil(o.Service+"-ca", o.AuthorityNotAfter); err != nil {
			return e, controlplane.Pair{}, err
		}
	}
	e.CABundle = ca.PEM
	names := o.Names
	if names == nil {
		names = []string{o.Service + "." + o.Namespace + ".svc"}
	}
	pair, err := ca.Issue(controlplane.Certificate{Names: names, NotAfter: o.NotAfter})
	return e, pair, err
}

func listen(e Endpoint, pair controlplane.Pair, o BackendOptions) (*Backend, error) {
	cert, err := pair.TLS()
	if err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp", e.Address.String())
	if err != nil {
		return nil, err
	}
	config := &tls.Config{Certificates: []tls.Certificate{cert}}
	switch {
	case o.PlainText:
		config = nil
	case o.ClientCertificate:
		config.ClientAuth, config.MaxVersion = tls.RequireAnyClientCert, tls.VersionTLS12
	}
	return &Backend{e, controlplane.Serve(l, config, o.Behaviour)}, nil
}
