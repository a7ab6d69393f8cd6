// Package starts holds what is foretold of the new replica's start against real starts
// where one is not enough to tell: where the Pods behind a webhook differ, so that a draw
// decides, and where a kubelet restarts a replica that is late. Both take longer than
// the everyday tests have; make test-endpoints and make test-restarts run them.
package starts

import (
	"os"
	"testing"
	"time"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"

	"github.com/gke-preflight/gke-preflight/gke/controlplane/rig"
	"github.com/gke-preflight/gke-preflight/gke/dial"
	"github.com/gke-preflight/gke-preflight/gke/kube"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/forecast"
	"github.com/gke-preflight/gke-preflight/preflight/probe"
)

func TestMain(m *testing.M) { os.Exit(rig.Main(m)) }

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// foretold does what the command does from inside the cluster.
func foretold(t *testing.T, c *rig.Cluster, target string) forecast.ControlPlane {
	t.Helper()
	meta := facts.Meta{Target: target, CollectedAt: time.Now().UTC().Truncate(time.Second), PerEndpoint: true}
	s := facts.Observed(meta, kube.Collect(t.Context(), c.Config, kube.Options{})...)
	requests := probe.Plan(s, probe.All(s), probe.Options{Vantage: facts.PodNetwork})
	attempts := dial.Probe(t.Context(), requests, dial.Clients{Config: c.Config, Inside: true})
	return forecast.Of(s.With(facts.Present(facts.Attempts, attempts))).ControlPlane
}

// onRBAC registers a webhook on what rbac/bootstrap-roles writes.
func onRBAC(t *testing.T, c *rig.Cluster, to *rig.Backend, policy admissionregistrationv1.FailurePolicyType, seconds int32, resources ...string) {
	t.Helper()
	must(t, c.Validate(t.Context(), to.Service, to.ClientConfig("/"), func(w *admissionregistrationv1.ValidatingWebhook) {
		w.FailurePolicy, w.TimeoutSeconds = &policy, &seconds
		w.Rules[0].APIGroups, w.Rules[0].Resources = []string{"rbac.authorization.k8s.io"}, resources
	}))
	time.Sleep(2 * time.Second) // until the API servers have taken it up
}
