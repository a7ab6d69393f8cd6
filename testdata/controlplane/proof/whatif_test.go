package proof

import (
	"context"
	"io"
	"net"
	"net/netip"
	"slices"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/gke-preflight/gke-preflight/gke/controlplane"
	"github.com/gke-preflight/gke-preflight/gke/controlplane/rig"
	"github.com/gke-preflight/gke-preflight/preflight/whatif"
	"github.com/gke-preflight/gke-preflight/testdata/controlplane/program"
)

// What whatif calls enough is made to happen, and the upgrade fails; what it
// doesn't is made to happen, and the upgrade succeeds.
func TestWhatIfComesTrue(t *testing.T) {
	t.Parallel()
	rig.Require(t)
	tool, ctx := tool(rig.Tool(t)), t.Context()
	c := start(t)
	first, err := c.StartBackend(ctx, rig.BackendOptions{Namespace: "opa", Service: "opa", Pod: "opa-0", Node: "node-1"})
	if err == nil {
		err = c.Validate(ctx, "opa", first.ClientConfig("/"), timeout(5), only("rbac.authorization.k8s.io", "clusterroles"))
	}
	if err != nil {
		t.Fatal(err)
	}
	addReplica(t, c, first)

	lost := "opa/opa-1"
	if enough(tool.whatIf(t, c), lost) {
		t.Errorf("with two replicas the loss of %s is called enough", lost)
	}
	evict(t, c, "opa-1", "opa-opa-1")
	if out := upgrade(t, c, 0); out.State != controlplane.Ready {
		t.Errorf("without %s: %s", lost, out)
	}

	if err := c.Client.RbacV1().ClusterRoles().Delete(ctx, "system:node-proxier", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	lost = "opa/opa-0"
	if !enough(tool.whatIf(t, c), lost) {
		t.Errorf("with one replica the loss of %s is not called enough", lost)
	}
	evict(t, c, "opa-0", "opa")
	if out := upgrade(t, c, 0); out.State != controlplane.Exited || out.Hook != "rbac/bootstrap-roles" {
		t.Errorf("without %s: %s", lost, out)
	}
}

// enough reports whether the loss of that pod alone makes rbac/bootstrap-roles fail.
func enough(r whatif.Result, pod string) bool {
	for _, risk := range r.Risks {
		for _, s := range risk.Scenarios {
			alone := len(s.Events) == 1 && s.Events[0].Kind == whatif.PodLoss && s.Events[0].Name == pod
			if alone && slices.ContainsFunc(s.Harms, func(h whatif.Harm) bool { return h.Hook == "rbac/bootstrap-roles" && h.Outcome == "crash-loop" }) {
				return true
			}
		}
	}
	return false
}

func (x tool) whatIf(t *testing.T, c *rig.Cluster) (r whatif.Result) {
	t.Helper()
	if _, err := program.Ask(t, string(x), &r, "whatif", c.Kubeconfig, "--vantage", "pod-network"); err != nil {
		t.Fatal(err)
	}
	if !r.Complete {
		t.Error("the search was given up")
	}
	return r
}

// addReplica puts a second pod behind the backend's Service, on another node and
// address; it hands on to the first one's process, and so has its certificate.
func addReplica(t *testing.T, c *rig.Cluster, first *rig.Backend) {
	t.Helper()
	second := first.Endpoint
	second.Pod, second.Node = "opa-1", "node-2"
	second.Address = netip.AddrPortFrom(c.Address(250), second.Address.Port())
	handOn(t, second.Address, first.Address)
	if err := c.Expose(t.Context(), second); err != nil {
		t.Fatal(err)
	}
}

func handOn(t *testing.T, from, to netip.AddrPort) {
	t.Helper()
	l, err := net.Listen("tcp", from.String())
	if err != nil {
		t.Fatal(err)
	}
	context.AfterFunc(t.Context(), func() { _ = l.Close() })
	go func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer in.Close()
				out, err := net.Dial("tcp", to.String())
				if err != nil {
					return
				}
				defer out.Close()
				go func() { _, _ = io.Copy(out, in) }()
				_, _ = io.Copy(in, out)
			}()
		}
	}()
}

// evict takes a pod away, and its place behind the Service.
func evict(t *testing.T, c *rig.Cluster, pod, slice string) {
	t.Helper()
	now := int64(0)
	if err := c.Client.CoreV1().Pods("opa").Delete(t.Context(), pod, metav1.DeleteOptions{GracePeriodSeconds: &now}); err != nil {
		t.Fatal(err)
	}
	if err := c.Client.DiscoveryV1().EndpointSlices("opa").Delete(t.Context(), slice, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
}
