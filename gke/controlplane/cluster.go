package controlplane

import (
	"context"
	"net/netip"
	"os"
	"path/filepath"
	"sync"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/gke-preflight/gke-preflight/gke/controlplane/binaries"
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
	// Hosts places the programs; nil for [Loopback].
	Hosts Hosts
	// Find returns the program of a name and a version, as [binaries.Find] does, which
	// it is if nil.
	Find func(name, version string) (binaries.Binary, error)
	// OneHostname: the API servers all have this machine's host name, and so one
	// identity lease, over which they fight. Without it they have one each, where
	// [RenamesHosts] says so.
	OneHostname bool
	// Trust is whom all API servers trust in common; nil where each has front-proxy and
	// client CAs of its own, as after a rotation.
	Trust *Trust
}

// Trust are the CAs that the API servers of one cluster have in common. Each writes them
// into a ConfigMap of kube-system.
type Trust struct {
	// ClientCAs are trusted beside the cluster's own; PEM.
	ClientCAs []byte
	// FrontProxyCAs take the place of one made for the purpose, unless empty; PEM.
	FrontProxyCAs []byte
}

// A Cluster is one etcd and the API servers over it.
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

	// ClientCA vouches for users, ServerCA for API servers and kubelets.
	ClientCA, ServerCA *Authority
	// Etcd is its process.
	Etcd *Process

	options    Options
	etcdClient netip.AddrPort
	frontProxy *Authority

	mu       sync.Mutex
	replicas []*Replica
	closers  []func()
}

// New starts a cluster whose files are in dir, which is made if need be, and
// returns when it is ready.
func New(ctx context.Context, dir string, o Options) (*Cluster, error) {
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
	if o.Hosts == nil {
		o.Hosts = Loopback{}
	}
	if o.Find == nil {
		o.Find = binaries.Find
	}
	c := &Cluster{Dir: dir, options: o}
	if err := c.start(ctx); err != nil {
		c.Stop()
		return nil, err
	}
	return c, nil
}

func (c *Cluster) start(ctx context.Context) error {
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
	return r.process.Until(ctx, r.ready)
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

// OnStop has f called when the cluster is stopped: the last one first.
func (c *Cluster) OnStop(f func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closers = append(c.closers, f)
}

func (c *Cluster) startEtcd(ctx context.Context) error {
	b, err := c.options.Find("etcd", "")
	if err != nil {
		return err
	}
	at, peers, err := c.options.Hosts.Etcd()
	if err != nil {
		return err
	}
	c.etcdClient = at
	client, peer := "http://"+at.String(), "http://"+peers.String()
	c.Etcd, err = StartProcess("etcd", filepath.Join(c.Dir, "etcd.log"), b.Path,
		"--data-dir="+filepath.Join(c.Dir, "etcd"), "--unsafe-no-fsync", "--log-level=warn",
		"--listen-client-urls="+client, "--advertise-client-urls="+client,
		"--listen-peer-urls="+peer, "--initial-advertise-peer-urls="+peer, "--initial-cluster=default="+peer)
	if err != nil {
		return err
	}
	c.OnStop(c.Etcd.Stop)
	return c.Etcd.Until(ctx, func(ctx context.Context) bool {
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
	}{{&c.ClientCA, "rig-client-ca"}, {&c.ServerCA, "rig-server-ca"}, {&c.frontProxy, "rig-front-proxy-ca"}} {
		a, err := NewAuthority(ca.name)
		if err != nil {
			return err
		}
		*ca.made = a
	}
	serviceAccounts, err := c.ClientCA.Issue(Certificate{User: "service-accounts"})
	if err != nil {
		return err
	}
	if err := serviceAccounts.Write(c.File("service-accounts")); err != nil {
		return err
	}
	if err := os.WriteFile(c.File("audit-policy.yaml"), auditPolicy, 0o600); err != nil {
		return err
	}
	return os.WriteFile(c.File("server-ca.crt"), c.ServerCA.PEM, 0o600)
}

// File is the path of a file of the cluster's folder.
func (c *Cluster) File(name string) string { return filepath.Join(c.Dir, name) }
