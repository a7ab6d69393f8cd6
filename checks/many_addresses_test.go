package checks

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gke-preflight/gke-preflight/preflight"
)

// TestThousandAddresses is the upgrade from 1.32 to 1.33 of a cluster with 1,000
// ClusterIPs, where a webhook is healthy and takes 80 ms for each IPAddress, 20 of
// which were asked about.
func TestThousandAddresses(t *testing.T) {
	var b strings.Builder
	b.WriteString(`-- meta.yaml --
schema: gke-preflight/snapshot/v1
tool: test
collectedAt: 2026-11-23T02:00:00Z
cluster: {name: prod, location: europe-west1, project: shop}
target: 1.33.13
-- server-version.yaml --
gitVersion: v1.32.2
-- ip-addresses.yaml --
[]
-- validating-webhooks.yaml --
- metadata: {name: netpol}
  webhooks:
  - name: netpol.example.com
    failurePolicy: Fail
    timeoutSeconds: 10
    sideEffects: None
    admissionReviewVersions: [v1]
    rules: [{apiGroups: [networking.k8s.io], apiVersions: ["*"], resources: [ipaddresses], operations: [CREATE]}]
    clientConfig: {service: {namespace: opa, name: opa}}
-- services.yaml --
- {namespace: opa, name: opa, type: ClusterIP, clusterIPs: [10.96.0.20], selector: {app: opa}, ports: [{name: https, port: 443, targetPort: "8443"}]}
`)
	address := func(n int) string { return fmt.Sprintf("10.96.%d.%d", 1+n/250, n%250) }
	for n := range 999 {
		fmt.Fprintf(&b, "- {namespace: shop, name: s%d, type: ClusterIP, clusterIPs: [%s], ports: [{port: 80}]}\n", n, address(n))
	}
	b.WriteString("-- attempts.yaml --\n")
	for n := range 20 {
		fmt.Fprintf(&b, "- {type: Validating, config: netpol, webhook: netpol.example.com, write: CREATE ipaddresses.networking.k8s.io %s, vantage: pod-network, target: \"10.4.0.7:8443\", answer: allowed, ms: %d}\n", address(n), 78+n%5)
	}
	file := filepath.Join(t.TempDir(), "many.txtar")
	if err := os.WriteFile(file, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	r := one(load(t, file).s, checkOf("GP106"))
	if r.Status != preflight.Fail || len(r.Findings) != 1 {
		t.Fatalf("%s: %s", r.Status, text(r))
	}
	f := r.Findings[0]
	for _, want := range []string{"1000 writes take", "1000 × 80 ms", "the deadline is 60 s", "start 2 would get through", "exits after 60 to 64 s"} {
		if !strings.Contains(f.Summary, want) {
			t.Errorf("it does not say %q: %s", want, f.Summary)
		}
	}
	if n := len(f.Evidence); n > 50 {
		t.Errorf("%d pieces of evidence are too many to read", n)
	}
}
