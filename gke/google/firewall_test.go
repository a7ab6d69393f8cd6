package google_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"cloud.google.com/go/container/apiv1/containerpb"
	"github.com/google/go-cmp/cmp"

	"github.com/gke-preflight/gke-preflight/gke/google"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// serveCompute answers the listing of the host project's firewall rules, page by
// page, or with an error.
func serveCompute(t *testing.T, status int, pages map[string]string) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/projects/acme-prod/regions/") {
			http.NotFound(w, r)
			return
		}
		body, ok := pages[r.URL.Query().Get("pageToken")]
		if r.Method != http.MethodGet || r.URL.Path != "/projects/host-prod/global/firewalls" || !ok {
			t.Errorf("asked for %s %s", r.Method, r.URL)
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}))
	t.Cleanup(s.Close)
	return s
}

func inSharedVPC(c *containerpb.Cluster) {
	c.NetworkConfig = &containerpb.NetworkConfig{Network: "projects/host-prod/global/networks/shared"}
	c.PrivateClusterConfig = &containerpb.PrivateClusterConfig{MasterIpv4CidrBlock: "172.16.0.0/28", PeeringName: "gke-n1-peer"} //nolint:staticcheck // an older cluster
	c.ControlPlaneEgress = &containerpb.ControlPlaneEgress{Mode: containerpb.ControlPlaneEgress_NONE}
}

const network = `"network": "https://www.googleapis.com/compute/v1/projects/host-prod/global/networks/shared"`

// TestFirewall: all pages are read, of the cluster's own network, in the project
// that the network is in; rules that are off or for the other direction are left out.
func TestFirewall(t *testing.T) {
	s := serve(t, "standard-regional")
	s.Patch(inSharedVPC)
	c := serveCompute(t, http.StatusOK, map[string]string{
		"": `{"nextPageToken": "2", "items": [
			{"name": "webhooks", "direction": "INGRESS", "priority": 1000, ` + network + `, "sourceRanges": ["172.16.0.0/28"], "targetTags": ["nodes"], "allowed": [{"IPProtocol": "tcp", "ports": ["443", "8000-9000"]}, {"IPProtocol": "icmp"}]},
			{"name": "off", "direction": "INGRESS", "disabled": true, ` + network + `}, {"name": "out", "direction": "EGRESS", ` + network + `},
			{"name": "elsewhere", "direction": "INGRESS", "network": "https://www.googleapis.com/compute/v1/projects/host-prod/global/networks/other"}]}`,
		"2": `{"items": [{"name": "deny", "direction": "INGRESS", "priority": 900, ` + network + `, "sourceRanges": ["0.0.0.0/0"], "targetServiceAccounts": ["a@p.iam.gserviceaccount.com"], "denied": [{"IPProtocol": "all"}]}]}`,
	})
	snapshot := insightsOf(t, s, google.Options{Endpoint: s.URL, Compute: c.URL})
	want := []facts.FirewallRule{
		{Name: "deny", Priority: 900, Deny: true, Ports: []string{"all"}, Sources: []string{"0.0.0.0/0"}, TargetAccounts: []string{"a@p.iam.gserviceaccount.com"}},
		{Name: "webhooks", Priority: 1000, Ports: []string{"tcp:443", "tcp:8000-9000", "icmp"}, Sources: []string{"172.16.0.0/28"}, TargetTags: []string{"nodes"}},
	}
	if diff := cmp.Diff(want, facts.GKEFirewall.Of(snapshot)); diff != "" {
		t.Error(diff)
	}
	road := facts.ClusterNetwork{Network: "projects/host-prod/global/networks/shared", Egress: "NONE", ControlPlaneRange: "172.16.0.0/28", Peering: "gke-n1-peer"}
	if diff := cmp.Diff(road, facts.GKENetwork.Of(snapshot)); diff != "" {
		t.Error(diff)
	}
}

// TestFirewallAbsent: the permission is optional, and each reason is told apart.
func TestFirewallAbsent(t *testing.T) {
	for name, c := range map[string]struct {
		status int
		body   string
		want   facts.Absence
	}{
		"forbidden": {http.StatusForbidden, `{"error": {"code": 403, "message": "Required 'compute.firewalls.list' permission for 'projects/host-prod'"}}`,
			facts.Absence{Reason: facts.Forbidden, Detail: "Required 'compute.firewalls.list' permission for 'projects/host-prod'"}},
		"the API is off": {http.StatusForbidden, `{"error": {"code": 403, "message": "Compute Engine API has not been used", "status": "PERMISSION_DENIED",
			"details": [{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "SERVICE_DISABLED", "domain": "googleapis.com"}]}}`,
			facts.Absence{Reason: facts.Forbidden, Detail: "the Compute API is off in project host-prod: run gcloud services enable compute.googleapis.com --project host-prod"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, "standard-regional")
			s.Patch(inSharedVPC)
			compute := serveCompute(t, c.status, map[string]string{"": c.body})
			if a, _ := insightsOf(t, s, google.Options{Endpoint: s.URL, Compute: compute.URL}).Absence(facts.GKEFirewall); a != c.want {
				t.Errorf("%+v, want %+v", a, c.want)
			}
		})
	}
	s := serve(t, "standard-regional")
	if a, _ := insightsOf(t, s, google.Options{Endpoint: s.URL}).Absence(facts.GKEFirewall); a.Reason != facts.LeftOut || !strings.Contains(a.Detail, "--compute-endpoint") {
		t.Errorf("beside another GKE API: %+v", a)
	}
}
