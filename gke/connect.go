package gke

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"k8s.io/client-go/rest"

	"github.com/gke-preflight/gke-preflight/gke/google"
	"github.com/gke-preflight/gke-preflight/gke/origin"
	"github.com/gke-preflight/gke-preflight/gke/plugin"
	"github.com/gke-preflight/gke-preflight/gke/requests"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// A Connection is a cluster that was found.
type Connection struct {
	// Kubernetes is how to reach its API server.
	Kubernetes *rest.Config
	// Cluster names it.
	Cluster facts.Cluster
	// Way says in words how it was found, such as "context gke_p_l_c".
	Way string
	// Google is what Google tells of the cluster.
	Google *google.API
	// InCluster says that this process runs in a Pod of the cluster.
	InCluster bool

	version string
}

// Connect finds the cluster that the flags mean: by Application Default
// Credentials if they name it in full and say nothing of a kubeconfig; else by
// kubeconfig; else, or if that is asked for, from inside the cluster. It asks the GKE API for the cluster,
// and stops if that is not the one whose API server it would reach. A credential plugin
// of the kubeconfig is run, and its failure is an error. That the GKE
// API can't be asked is no error otherwise: the facts say why they are absent.
func Connect(ctx context.Context, f Flags) (*Connection, error) {
	f = f.withDefaults()
	c, err := connect(ctx, f)
	if err != nil {
		return nil, err
	}
	c.Kubernetes.UserAgent = requests.UserAgent(f.Version)
	c.Kubernetes.Wrap(func(next http.RoundTripper) http.RoundTripper { return requests.Through(next, f.Requests, false) })
	return c, nil
}

func connect(ctx context.Context, f Flags) (*Connection, error) {
	if f.byName() {
		return connectByName(ctx, f)
	}
	c, err := connectByConfig(f)
	if err != nil {
		return nil, err
	}
	c.version = f.Version
	if err := origin.Stay(c.Kubernetes); err != nil {
		return nil, err
	}
	if c.Google, err = google.Open(ctx, f.Options, c.Cluster); err != nil {
		return nil, err
	}
	if c.Cluster.Name == "" {
		c.Cluster.Name = strings.TrimPrefix(c.Way, contextWay)
	}
	err = c.guard()
	if err == nil {
		if err = plugin.Use(ctx, c.Kubernetes); err != nil {
			err = c.failed(ctx, err)
		}
	}
	if err == nil {
		err = c.usable()
	}
	if err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

// usable returns an error for certificates that no connection can be made with: what
// would fail later is not the API server's.
func (c *Connection) usable() error {
	if _, err := rest.TLSConfigFor(c.Kubernetes); err != nil {
		return fmt.Errorf("%s can't be used, for a certificate or key in it is broken: %s (%w)", c.Way, c.renew(), err)
	}
	return nil
}

func connectByName(ctx context.Context, f Flags) (*Connection, error) {
	c := &Connection{Cluster: f.name(""), Way: "--project, --location and --cluster", version: f.Version}
	if f.NoGKE {
		return nil, fmt.Errorf("--no-gke leaves out the GKE API, which finds the cluster by %s: pass --context as well, or leave out --no-gke", c.Way)
	}
	var err error
	if c.Google, err = google.Open(ctx, f.Options, c.Cluster); err != nil {
		return nil, err
	}
	if err := c.Google.Explain(); err != nil {
		return nil, err
	}
	if c.Kubernetes, err = fromGoogle(c.Google); err != nil {
		return nil, err
	}
	return c, override(c.Kubernetes, f.Overrides)
}

// Close ends what the connection holds open.
func (c *Connection) Close() error { return c.Google.Close() }
