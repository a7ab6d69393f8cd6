package rehearsal

import (
	"testing"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// TestSettings: an API server with another range than the cluster's takes none of its
// Services, and one with other CAs makes a write that the upgrade would not.
func TestSettings(t *testing.T) {
	service := func(namespace, name string, ips ...string) facts.Service {
		return facts.Service{Namespace: namespace, Name: name, ClusterIPs: ips}
	}
	for want, services := range map[string][]facts.Service{
		"34.118.224.0/20":              {service("default", "kubernetes", "34.118.224.1"), service("a", "b", "34.118.231.9"), service("a", "headless", "None")},
		"10.0.0.0/16":                  {service("default", "kubernetes", "10.0.0.1"), service("a", "b", "10.0.200.9")},
		"10.96.0.0/16":                 nil,
		"10.8.0.0/20,fd00::/112":       {service("default", "kubernetes", "10.8.0.1"), service("a", "b", "10.8.3.4", "fd00::5")},
		"fd00::/112":                   {service("default", "kubernetes", "fd00::1")},
		"10.8.0.0/20,fd00:0:0:1::/112": {service("default", "kubernetes", "10.8.0.1", "fd00:0:0:1::1")},
	} {
		if got := SettingsOf(facts.New(facts.Meta{}, facts.Present(facts.Services, services))); got.ServiceCIDR != want || !got.Derived {
			t.Errorf("%v: %s, want %s", services, got.ServiceCIDR, want)
		}
	}
	got := SettingsOf(facts.New(facts.Meta{}, facts.Present(facts.SystemConfigMaps, []facts.ConfigMap{{Name: authentication, Data: map[string]string{
		"client-ca-file": "A", "requestheader-client-ca-file": "B", "requestheader-username-headers": `["X-User","X-Other"]`, "requestheader-allowed-names": "[]",
	}}})))
	if string(got.ClientCAs) != "A" || string(got.FrontProxyCAs) != "B" || len(got.Headers) != 1 || got.Headers[0] != "--requestheader-username-headers=X-User,X-Other" {
		t.Errorf("%+v", got)
	}
}
