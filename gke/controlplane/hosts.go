package controlplane

import (
	"net"
	"net/netip"
)

// A Place is where a program listens, and what address it tells others.
type Place struct {
	Listen    netip.AddrPort
	Advertise netip.Addr
}

// Hosts places a cluster's programs. An API server keeps its port over restarts.
type Hosts interface {
	// Etcd returns where etcd listens for clients and for peers.
	Etcd() (client, peer netip.AddrPort, err error)
	// Server returns where the n-th API server listens, counted from 0.
	Server(n int) (Place, error)
}

// Loopback places all programs at free ports of 127.0.0.1, which takes no right at all.
// The addresses that API servers advertise are nobody's: those of 192.0.2.0/24
// (RFC 5737), since a loopback address is not allowed in endpoints.
type Loopback struct{}

// Etcd implements [Hosts].
func (Loopback) Etcd() (client, peer netip.AddrPort, err error) {
	if client, err = freePort(); err == nil {
		peer, err = freePort()
	}
	return client, peer, err
}

// Server implements [Hosts].
func (Loopback) Server(n int) (Place, error) {
	listen, err := freePort()
	return Place{Listen: listen, Advertise: netip.AddrFrom4([4]byte{192, 0, 2, byte(n + 1)})}, err
}

// freePort is one that was free a moment ago.
func freePort() (netip.AddrPort, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return netip.AddrPort{}, err
	}
	defer l.Close()
	return netip.ParseAddrPort(l.Addr().String())
}
