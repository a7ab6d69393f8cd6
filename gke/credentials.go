package gke

import (
	"errors"
	"fmt"
	"net/http"

	"golang.org/x/oauth2"
	"k8s.io/client-go/rest"
)

// kubernetes returns the way to the cluster's API server by Application Default
// Credentials: through the DNS endpoint where that is open, else by IP address.
func (a *api) kubernetes() (*rest.Config, error) {
	if !a.trusted {
		return nil, errors.New("the GKE endpoint is plain http on another machine, so a token can't be sent to the address that it names: use https, or pass --context")
	}
	cfg, err := a.address()
	if err != nil {
		return nil, err
	}
	if err := stay(cfg); err != nil {
		return nil, err
	}
	credentials, err := a.login()
	if err != nil {
		return nil, fmt.Errorf("cluster %s can't be reached: %s, or pass --context", a.name.Name, credentialsHint(err, err.Error()))
	}
	cfg.Wrap(func(base http.RoundTripper) http.RoundTripper {
		return &oauth2.Transport{Source: credentials.TokenSource, Base: base}
	})
	return cfg, nil
}

func (a *api) address() (*rest.Config, error) {
	dns := a.cluster.GetControlPlaneEndpointsConfig().GetDnsEndpointConfig()
	if dns.GetAllowExternalTraffic() && dns.GetEndpoint() != "" {
		return &rest.Config{Host: "https://" + dns.GetEndpoint()}, nil
	}
	ip := a.cluster.GetControlPlaneEndpointsConfig().GetIpEndpointsConfig()
	endpoint := either(a.cluster.GetEndpoint(), either(ip.GetPublicEndpoint(), ip.GetPrivateEndpoint()))
	if endpoint == "" {
		return nil, fmt.Errorf("cluster %s has no address yet: its status is %s", a.name.Name, a.cluster.GetStatus())
	}
	ca, err := authority(a.cluster)
	if err != nil {
		return nil, err
	}
	if len(certificates(ca)) == 0 {
		return nil, fmt.Errorf("the GKE API tells no CA certificate of cluster %s: pass --context", a.name.Name)
	}
	return &rest.Config{Host: "https://" + endpoint, TLSClientConfig: rest.TLSClientConfig{CAData: ca}}, nil
}
