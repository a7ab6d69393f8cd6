package gketest

import (
	"encoding/base64"

	"cloud.google.com/go/container/apiv1/containerpb"
)

// Endpoint returns a change for [Server.Patch]: the cluster's control plane has
// that one address, a host with or without a port, and that CA certificate in PEM.
func Endpoint(address string, ca []byte) func(*containerpb.Cluster) {
	return func(c *containerpb.Cluster) {
		c.Endpoint = address
		c.MasterAuth = &containerpb.MasterAuth{ClusterCaCertificate: base64.StdEncoding.EncodeToString(ca)}
		c.PrivateClusterConfig = nil
		c.ControlPlaneEndpointsConfig = nil
	}
}
