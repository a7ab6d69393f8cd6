package rig

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/gke-preflight/gke-preflight/gke/controlplane"
)

// A Cluster is a real control plane with a network /24 of its own below 10.77.0.0/16,
// so that several run side by side, and with what makes Services of it lead somewhere.
type Cluster struct {
	*controlplane.Cluster

	subnet   subnet
	mu       sync.Mutex
	backends int
	kubelets int
}

// Start starts a cluster for a test and ends it when the test ends; if that
// failed, it logs what the API servers said last. It skips the test where
// [Require] does.
func Start(t testing.TB, o controlplane.Options) *Cluster {
	t.Helper()
	Require(t)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	c, err := New(ctx, t.TempDir(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		c.Stop()
		if t.Failed() {
			for _, r := range c.Replicas() {
				t.Logf("the last lines of %s:\n%s", r.Process().Name, r.Process().Tail(25))
			}
		}
	})
	return c
}

// New starts a cluster whose files are in dir, which is made if need be, and
// returns when it is ready. Its options' Hosts are not used.
func New(ctx context.Context, dir string, o controlplane.Options) (*Cluster, error) {
	if err := Available(); err != nil {
		return nil, err
	}
	subnet, free, err := claimSubnet()
	if err != nil {
		return nil, err
	}
	o.Hosts = subnet
	c, err := controlplane.New(ctx, dir, o)
	if err != nil {
		free()
		return nil, err
	}
	c.OnStop(free)
	return &Cluster{Cluster: c, subnet: subnet}, nil
}

// Address is the cluster's own IP address with that last byte.
func (c *Cluster) Address(host byte) netip.Addr { return c.subnet.address(host) }

// The last bytes of the addresses in a cluster's network.
const (
	etcdHost         = 1
	firstReplicaHost = 10
	firstKubeletHost = 60
	firstBackendHost = 100
	claimHost        = 254
)

// A subnet is the third byte of a cluster's network.
type subnet byte

func (s subnet) address(host byte) netip.Addr { return netip.AddrFrom4([4]byte{10, 77, byte(s), host}) }

// Etcd implements [controlplane.Hosts].
func (s subnet) Etcd() (client, peer netip.AddrPort, err error) {
	return netip.AddrPortFrom(s.address(etcdHost), 2379), netip.AddrPortFrom(s.address(etcdHost), 2380), nil
}

// Server implements [controlplane.Hosts].
func (s subnet) Server(n int) (controlplane.Place, error) {
	at := s.address(byte(firstReplicaHost + n))
	return controlplane.Place{Listen: netip.AddrPortFrom(at, 6443), Advertise: at}, nil
}

// claimSubnet takes the first network that no other cluster has: who listens on
// its last address owns it.
func claimSubnet() (s subnet, free func(), err error) {
	for s = 1; s < 255; s++ {
		l, err := net.Listen("tcp", netip.AddrPortFrom(s.address(claimHost), 1).String())
		if err == nil {
			return s, func() { _ = l.Close() }, nil
		}
	}
	return 0, nil, errors.New("254 clusters run already: stop some")
}
