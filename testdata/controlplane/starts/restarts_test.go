package starts

import (
	"context"
	"fmt"
	"testing"
	"time"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"

	"github.com/gke-preflight/gke-preflight/gke/controlplane"
	"github.com/gke-preflight/gke-preflight/gke/controlplane/rig"
	"github.com/gke-preflight/gke-preflight/preflight/forecast"
)

// TestRestarts has real API servers start under a kubelet with the liveness probe of
// GCE's manifest: a webhook on ClusterRoles that hangs and fails open makes the replica
// late, so that it is restarted and gets ready in the end, and one that fails closed has
// it restarted for ever. The restarts are as many as was foretold, and the times are
// those foretold, give or take what an undisturbed start takes on this machine.
func TestRestarts(t *testing.T) {
	rig.Require(t)
	usual := control(t)
	for _, phase := range []float64{0, 0.5, 0.99} {
		t.Run(fmt.Sprintf("failing open, probed at %.2f of the period", phase), func(t *testing.T) {
			t.Parallel()
			u, lives := supervised(t, admissionregistrationv1.Ignore, 20, phase, 15*time.Minute)
			if u.Outcome != forecast.Delayed {
				t.Fatalf("it is foretold to be %s: %+v", u.Outcome, u)
			}
			last, restarts := lives[len(lives)-1], len(lives)-1
			if last.State != controlplane.Ready || restarts < u.Restarts.Min || restarts > u.Restarts.Max {
				t.Errorf("it is %s after %d restarts; foretold were %s", last.State, restarts, u.Restarts)
			}
			slack := time.Duration(len(lives)) * usual
			if !within(u.ReadyAfterSeconds, last.Began+last.Ready, slack) {
				t.Errorf("ready after %s; foretold was %s", last.Began+last.Ready, u.ReadyAfterSeconds)
			}
			ended(t, u, lives[0], usual)
		})
	}
	t.Run("the incident", func(t *testing.T) {
		t.Parallel()
		u, lives := supervised(t, admissionregistrationv1.Fail, 10, 0.5, 100*time.Second+2*usual)
		if u.Outcome != forecast.CrashLoop || u.Restarts != nil {
			t.Errorf("it is foretold to be %s: %+v", u.Outcome, u)
		}
		if len(lives) < 2 || lives[len(lives)-1].State == controlplane.Ready {
			t.Fatalf("it was to be restarted for ever: %v", lives)
		}
		ended(t, u, lives[0], usual)
		if lives[0].Fatal != "" {
			t.Errorf("the first life ends with a line that says why: %s", lives[0].Fatal)
		}
	})
}

// ended holds the end of a life against what was foretold of the first.
func ended(t *testing.T, u *forecast.UnderKubelet, l controlplane.Life, slack time.Duration) {
	t.Helper()
	if l.State != controlplane.Killed || !within(u.AskedToEndAfterSeconds, l.Asked, slack) || !within(u.GoneAfterSeconds, l.Gone, slack) {
		t.Errorf("%s; foretold was that it is asked to end after %s and gone after %s", l, u.AskedToEndAfterSeconds, u.GoneAfterSeconds)
	}
}

// supervised foretells the start of the newest minor past a webhook on ClusterRoles that
// hangs, and then has it started under the kubelet.
func supervised(t *testing.T, policy admissionregistrationv1.FailurePolicyType, seconds int32, phase float64, bound time.Duration) (*forecast.UnderKubelet, []controlplane.Life) {
	t.Helper()
	c := rig.Start(t, controlplane.Options{})
	b, err := c.StartBackend(t.Context(), rig.BackendOptions{Namespace: "opa", Service: "opa", Behaviour: controlplane.HangAfterTLS()})
	must(t, err)
	onRBAC(t, c, b, policy, seconds, "clusterroles")
	to := rig.Newest(t)
	cp := foretold(t, c, to.Version)
	u := cp.UnderKubelet
	if u == nil {
		t.Fatalf("nothing is foretold of a kubelet: %s", cp.Outcome)
	}
	ctx, cancel := context.WithTimeout(t.Context(), bound)
	defer cancel()
	lives, err := c.Supervise(ctx, to.Minor(), phase)
	must(t, err)
	t.Logf("foretold that it is %s", u.Says())
	for _, l := range lives {
		t.Log(l)
	}
	return u, lives
}

// control is how long an undisturbed start takes here.
func control(t *testing.T) time.Duration {
	t.Helper()
	c := rig.Start(t, controlplane.Options{})
	defer c.Stop()
	out, err := c.Upgrade(t.Context(), rig.Newest(t).Minor(), controlplane.UpgradeOptions{})
	must(t, err)
	if out.State != controlplane.Ready {
		t.Fatalf("an undisturbed start is %s", out)
	}
	t.Logf("an undisturbed start takes %s", out.After)
	return out.After
}
