package controlplane

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/gke-preflight/gke-preflight/testdata/controlplane/binaries"
)

// Options are what a cluster is started with. Zero values are as stated.
type Options struct {
	// Minor is that of the first API server, such as "1.36", or an earlier patch;
	// empty for the minor before the newest.
	Minor string
	// Context names the context and the cluster in the kubeconfig; empty for "rig".
	Context string
	// Flags are added to those of every API server, and win over them.
	Flags []string
}

// A Cluster is one etcd and the API servers over it. It has a network /24 of
// its own below 10.77.0.0/16, so that several run side by side.
type Cluster struct {
	// Dir holds keys, logs and data.
	Dir string
	// Kubeconfig is the file of an administrator, a member of system:masters.
	Kubeconfig string
	// Config and Client are the same administrator's, without a rate limit.
	Config *rest.Config
	Client kubernetes.Interface
	// First is the API server that the cluster was started with.
	First *Replica

	options          Options
	claim            net.Listener
	subnet           byte
	etcd             *process
	clientCA, server *Authority

	mu       sync.Mutex
	replicas []*Replica
	backends int
	kubelets int
	closers  []func()
}

// Start starts a cluster for a test and ends it when the test ends; if that
// failed, it logs what the API servers said last. It skips the test where
// [Require] does.
func Start(t testing.TB, o Options) *Cluster {
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
				t.Logf("the last lines of %s:\n%s", r.process.name, r.process.tail(25))
			}
		}
	})
	return c
}

// New starts a cluster whose files are in dir, which is made if need be, and
// returns when it is ready.
func New(ctx context.Context, dir string, o Options) (*Cluster, error) {
	if err := Available(); err != nil {
		return nil, err
	}
	if o.Minor == "" {
		from, _, err := binaries.Hop()
		if err != nil {
			return nil, err
		}
		o.Minor = from.Minor()
	}
	if o.Context == "" {
		o.Context = "rig"
	}
	c := &Cluster{Dir: dir, options: o}
	if err := c.start(ctx); err != nil {
		c.Stop()
		return nil, err
	}
	return c, nil
}

func (c *Cluster) start(ctx context.Context) error {
	if err := c.claimSubnet(); err != nil {
		return err
	}
	if err := c.makeKeys(); err != nil {
		return err
	}
	if err := c.startEtcd(ctx); err != nil {
		return err
	}
	r, err := c.startReplica(c.options.Minor, 0, nil)
	if err != nil {
		return err
	}
	c.First = r
	if c.Config, c.Client, c.Kubeconfig, err = c.administrator(r); err != nil {
		return err
	}
	return r.process.until(ctx, r.ready)
}

// Stop ends everything that runs for the cluster. It may be called again.
func (c *Cluster) Stop() {
	c.mu.Lock()
	closers, replicas := c.closers, c.replicas
	c.closers = nil
	c.mu.Unlock()
	for _, r := range replicas {
		r.Stop()
	}
	for i := len(closers) - 1; i >= 0; i-- {
		closers[i]()
	}
}

// Replicas are the API servers that were started, in order, also those that
// have ended.
func (c *Cluster) Replicas() []*Replica {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]*Replica(nil), c.replicas...)
}

// Address is the cluster's own IP address with that last byte.
func (c *Cluster) Address(host byte) netip.Addr {
	return netip.AddrFrom4([4]byte{10, 77, c.subnet, host})
}

// The last bytes of the addresses in a cluster's network.
const (
	etcdHost         = 1
	firstReplicaHost = 10
	firstKubeletHost = 60
	firstBackendHost = 100
	claimHost        = 254
)

func (c *Cluster) onStop(f func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closers = append(c.closers, f)
}

// claimSubnet takes the first network that no other cluster has: who listens on
// its last address owns it.
func (c *Cluster) claimSubnet() error {
	for c.subnet = 1; c.subnet < 255; c.subnet++ {
		l, err := net.Listen("tcp", netip.AddrPortFrom(c.Address(claimHost), 1).String())
		if err == nil {
			c.onStop(func() { _ = l.Close() })
			return nil
		}
	}
	return errors.New("254 clusters run already: stop some")
}

func (c *Cluster) startEtcd(ctx context.Context) error {
	b, err := binaries.Find("etcd", "")
	if err != nil {
		return err
	}
	client := "http://" + netip.AddrPortFrom(c.Address(etcdHost), 2379).String()
	peer := "http://" + netip.AddrPortFrom(c.Address(etcdHost), 2380).String()
	p, err := start("etcd", filepath.Join(c.Dir, "etcd.log"), "", b.Path,
		"--data-dir="+filepath.Join(c.Dir, "etcd"), "--unsafe-no-fsync", "--log-level=warn",
		"--listen-client-urls="+client, "--advertise-client-urls="+client,
		"--listen-peer-urls="+peer, "--initial-advertise-peer-urls="+peer, "--initial-cluster=default="+peer)
	if err != nil {
		return err
	}
	c.onStop(p.stop)
	return p.until(ctx, func(ctx context.Context) bool {
		status, err := get(ctx, client+"/health")
		return err == nil && status == 200
	})
}

func (c *Cluster) makeKeys() error {
	if err := os.MkdirAll(c.Dir, 0o700); err != nil {
		return err
	}
	for _, ca := range []struct {
		made **Authority
		name string
	}{{&c.clientCA, "rig-client-ca"}, {&c.server, "rig-server-ca"}} {
		a, err := NewAuthority(ca.name)
		if err != nil {
			return err
		}
		*ca.made = a
	}
	serviceAccounts, err := c.clientCA.Issue(Certificate{User: "service-accounts"})
	if err != nil {
		return err
	}
	if err := serviceAccounts.Write(c.file("service-accounts")); err != nil {
		return err
	}
	if err := os.WriteFile(c.file("audit-policy.yaml"), auditPolicy, 0o600); err != nil {
		return err
	}
	return os.WriteFile(c.file("server-ca.crt"), c.server.PEM, 0o600)
}

func (c *Cluster) file(name string) string { return filepath.Join(c.Dir, name) }

func (c *Cluster) String() string { return fmt.Sprintf("cluster 10.77.%d.0/24", c.subnet) }
