package google

import (
	"context"

	"cloud.google.com/go/container/apiv1/containerpb"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

func (a *API) readNetwork(context.Context) (facts.ClusterNetwork, error) {
	if a.err != nil {
		return facts.ClusterNetwork{}, a.err
	}
	return clusterNetwork(a.cluster), nil
}

func clusterNetwork(c *containerpb.Cluster) facts.ClusterNetwork {
	out := facts.ClusterNetwork{
		Network:       c.GetNetworkConfig().GetNetwork(),
		NetworkPolicy: c.GetNetworkPolicy().GetEnabled(),
		//nolint:staticcheck // nothing else tells the range
		ControlPlaneRange: c.GetPrivateClusterConfig().GetMasterIpv4CidrBlock(),
		Peering:           c.GetPrivateClusterConfig().GetPeeringName(),
	}
	if d := c.GetNetworkConfig().GetDatapathProvider(); d != containerpb.DatapathProvider_DATAPATH_PROVIDER_UNSPECIFIED {
		out.Datapath = d.String()
	}
	if m := c.GetControlPlaneEgress().GetMode(); m != containerpb.ControlPlaneEgress_MODE_UNSPECIFIED {
		out.Egress = m.String()
	}
	return out
}
