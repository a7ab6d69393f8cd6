package gke

import (
	"cmp"
	"fmt"
	"net/http"

	"cloud.google.com/go/container/apiv1/containerpb"
	"golang.org/x/oauth2"
	"k8s.io/client-go/rest"

	"github.com/gke-preflight/gke-preflight/gke/google"
	"github.com/gke-preflight/gke-preflight/gke/origin"
)

// fromGoogle returns the way to the cluster's API server by Application Default
// Credentials: through the DNS endpoint where that is open, else by IP address.
func fromGoogle(a *google.API) (*rest.Config, error) {
	cfg, err := address(a.Cluster())
	if err != nil {
		return nil, err
	}
	if err := origin.Stay(cfg); err != nil {
		return nil, err
	}
	tokens, err := a.TokenSource()
	if err != nil {
		return nil, err
	}
	cfg.Wrap(func(base http.RoundTripper) http.RoundTripper {
		return &oauth2.Transport{Source: tokens, Base: base}
	})
	return cfg, nil
}

func address(c *containerpb.Cluster) (*rest.Config, error) {
	dns := c.GetControlPlaneEndpointsConfig().GetDnsEndpointConfig()
	if dns.GetAllowExternalTraffic() && dns.GetEndpoint() != "" {
		return &rest.Config{Host: "https://" + dns.GetEndpoint()}, nil
	}
	ip := c.GetControlPlaneEndpointsConfig().GetIpEndpointsConfig()
	endpoint := cmp.Or(c.GetEndpoint(), ip.GetPublicEndpoint(), ip.GetPrivateEndpoint())
	if endpoint == "" {
		return nil, fmt.Errorf("cluster %s has no address yet: its status is %s", c.GetName(), c.GetStatus())
	}
	ca, err := authority(c)
	if err != nil {
		return nil, err
	}
	if len(certificates(ca)) == 0 {
		return nil, fmt.Errorf("the GKE API tells no CA certificate of cluster %s: pass --context", c.GetName())
	}
	return &rest.Config{Host: "https://" + endpoint, TLSClientConfig: rest.TLSClientConfig{CAData: ca}}, nil
}
