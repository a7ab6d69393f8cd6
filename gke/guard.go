package gke

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"

	"cloud.google.com/go/container/apiv1/containerpb"
	"k8s.io/client-go/rest"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// guard returns an error if the API server that c reaches is not that of the
// cluster that the GKE API tells of: to judge one cluster's webhooks by another's
// configuration would be worse than to judge nothing.
func (c *Connection) guard() error {
	known := c.Google.Cluster()
	if c.Google.Absence().Reason == facts.NotFound {
		return fmt.Errorf("%s: %w; --no-gke leaves the GKE API out", c.Way, c.Google.Explain())
	}
	if known == nil {
		return nil
	}
	if isGateway(c.Kubernetes.Host) {
		return c.guardGateway(known)
	}
	same, err := isSame(c.Kubernetes, known)
	if same || err != nil {
		return err
	}
	addresses := cmp.Or(strings.Join(endpointsOf(known), ", "), "no address yet")
	return fmt.Errorf("%s leads to %s, but cluster %s in %s of project %s has %s and another certificate authority: they are two clusters; "+
		"correct --context, or --project, --location and --cluster (--no-gke leaves the GKE API out)",
		c.Way, c.Kubernetes.Host, c.Cluster.Name, c.Cluster.Location, c.Cluster.Project, addresses)
}

// isSame reports whether cfg leads to the cluster: the same public address or
// name, or the same CA, however it is reached. A private address is not enough
// where the CAs differ, for many clusters have the same one.
func isSame(cfg *rest.Config, c *containerpb.Cluster) (bool, error) {
	host := hostOf(cfg.Host)
	sameHost := slices.ContainsFunc(endpointsOf(c), func(e string) bool { return hostOf(e) == host })
	if sameHost && !isPrivate(host) {
		return true, nil
	}
	ours, err := authorityOf(cfg)
	if err != nil {
		return false, err
	}
	theirs, err := authority(c)
	if err != nil {
		return false, err
	}
	return sameCA(certificates(ours), certificates(theirs), sameHost), nil
}

func isPrivate(host string) bool {
	ip := net.ParseIP(host)
	return ip != nil && (ip.IsPrivate() || ip.IsLoopback())
}

// endpointsOf returns every address of the cluster's control plane.
func endpointsOf(c *containerpb.Cluster) []string {
	ip := c.GetControlPlaneEndpointsConfig().GetIpEndpointsConfig()
	private := c.GetPrivateClusterConfig()
	all := []string{c.GetEndpoint(), ip.GetPublicEndpoint(), ip.GetPrivateEndpoint(), private.GetPublicEndpoint(), private.GetPrivateEndpoint(), c.GetControlPlaneEndpointsConfig().GetDnsEndpointConfig().GetEndpoint()}
	var out []string
	for _, e := range all {
		if e != "" && !slices.Contains(out, e) {
			out = append(out, e)
		}
	}
	return out
}

// hostOf returns the host of a URL, of host:port or of a bare host.
func hostOf(address string) string {
	if u, err := url.Parse(address); err == nil && u.Host != "" {
		address = u.Host
	}
	if host, _, err := net.SplitHostPort(address); err == nil {
		address = host
	}
	return strings.ToLower(strings.Trim(address, "[]"))
}

// A membership is how a fleet knows a cluster.
type membership struct{ location, name string }

// membershipIn reads one from the path of a Connect gateway's URL, or from its full
// name in a cluster's settings; its name is empty where there is none.
func membershipIn(path string) membership {
	parts := strings.Split(strings.Trim(path, "/"), "/")
	var m membership
	for i, p := range parts[:len(parts)-1] {
		switch p {
		case "locations":
			m.location = parts[i+1]
		case "memberships", "gkeMemberships":
			m.name = parts[i+1]
		}
	}
	return m
}

// guardGateway is guard for a fleet's Connect gateway: it leads to a membership, which
// may have any name. The cluster's own settings tell which one it is registered as; one
// that was registered by other means has the cluster's name mostly.
func (c *Connection) guardGateway(known *containerpb.Cluster) error {
	u, err := url.Parse(c.Kubernetes.Host)
	if err != nil {
		return err
	}
	to, own := membershipIn(u.Path), membershipIn(known.GetFleet().GetMembership())
	switch {
	case own.name == "" && to.name == c.Cluster.Name, own == to && to.name != "":
		return nil
	case own.name == "":
		return fmt.Errorf("%s leads through the Connect gateway to membership %s, and the GKE API tells of no membership of cluster %s: whether that is the same cluster can't be told; "+
			"run %s, or pass --no-gke to leave the GKE API out", c.Way, to.name, c.Cluster.Name, c.gcloud("get-credentials"))
	}
	return fmt.Errorf("%s leads through the Connect gateway to membership %s in %s, but cluster %s is registered as membership %s in %s: they are two clusters; "+
		"run gcloud container fleet memberships get-credentials %s --location %s, or correct --project, --location and --cluster (--no-gke leaves the GKE API out)",
		c.Way, to.name, cmp.Or(to.location, "no location"), c.Cluster.Name, own.name, cmp.Or(own.location, "no location"), own.name, cmp.Or(own.location, "LOCATION"))
}

// sameCA reports whether the two share a certificate: every GKE cluster has a CA
// of its own. It returns unknown where one side has none.
func sameCA(ours, theirs [][]byte, unknown bool) bool {
	if len(ours) == 0 || len(theirs) == 0 {
		return unknown
	}
	return slices.ContainsFunc(theirs, func(t []byte) bool {
		return slices.ContainsFunc(ours, func(o []byte) bool { return bytes.Equal(o, t) })
	})
}

// authorityOf returns the CA certificates that cfg trusts, in PEM; none for one
// that trusts the system's.
func authorityOf(cfg *rest.Config) ([]byte, error) {
	loaded := rest.CopyConfig(cfg)
	if err := rest.LoadTLSFiles(loaded); err != nil {
		return nil, fmt.Errorf("a certificate of the kubeconfig can't be read: %w", err)
	}
	return loaded.CAData, nil
}

// authority returns the cluster's CA certificates in PEM; several while they
// are being rotated.
func authority(c *containerpb.Cluster) ([]byte, error) {
	ca, err := base64.StdEncoding.DecodeString(c.GetMasterAuth().GetClusterCaCertificate())
	if err != nil {
		return nil, fmt.Errorf("the CA certificate that the GKE API tells of cluster %s is no base64: %w", c.GetName(), err)
	}
	return ca, nil
}

func certificates(b []byte) [][]byte {
	var out [][]byte
	for block, rest := pem.Decode(b); block != nil; block, rest = pem.Decode(rest) {
		if block.Type == "CERTIFICATE" {
			out = append(out, block.Bytes)
		}
	}
	return out
}
