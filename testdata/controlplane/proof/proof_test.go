// Package proof holds the tool against real upgrades: it foretells first, then
// the upgrade is made, and both must agree.
package proof

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/gke-preflight/gke-preflight/gke/controlplane"
	"github.com/gke-preflight/gke-preflight/gke/controlplane/rig"
	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/forecast"
	"github.com/gke-preflight/gke-preflight/testdata/controlplane/program"
)

func TestMain(m *testing.M) { os.Exit(rig.Main(m)) }

type adjust = func(*admissionregistrationv1.ValidatingWebhook)

// A scenario is a cluster as an upgrade may find it.
type scenario struct {
	name string
	// frozen says that OPA is stopped before the forecast.
	frozen bool
	// backend stands in for OPA, in its place; nil for OPA itself.
	backend *rig.BackendOptions
	// webhook changes OPA's webhook, which sees everything and fails closed; nil for
	// no webhook at all.
	webhook []adjust
	policy  *admissionregistrationv1.ValidatingAdmissionPolicy
	// watched has the upgrade followed while it runs.
	watched bool

	outcome forecast.Outcome
	// hook is the one that is blamed; culprit who is.
	hook, culprit string
	verdict       preflight.Verdict
}

func scenarios() []scenario {
	everything := []adjust{timeout(3)}
	return []scenario{
		{name: "healthy on everything", watched: true, webhook: everything, outcome: forecast.Ready, verdict: preflight.Ready},
		{name: "frozen, failing closed", watched: true, frozen: true, webhook: everything, outcome: forecast.CrashLoop, hook: "rbac/bootstrap-roles", culprit: "opa", verdict: preflight.NotReady},
		{name: "frozen, failing open", frozen: true, webhook: []adjust{timeout(5), failOpen}, outcome: forecast.Delayed, hook: "rbac/bootstrap-roles", culprit: "opa", verdict: preflight.NotReady},
		{name: "frozen, scoped as the cure was", frozen: true, webhook: []adjust{timeout(3), only("networking.k8s.io", "ingresses"), alsoServices}, outcome: forecast.Ready, verdict: preflight.Ready},
		{name: "frozen on ConfigMaps of kube-system", frozen: true, webhook: []adjust{timeout(3), only("", "configmaps"), inNamespace(metav1.LabelSelectorOpIn, "kube-system")}, outcome: forecast.Degraded, hook: "start-cluster-authentication-info-controller", culprit: "opa", verdict: preflight.Ready},
		{name: "frozen on ClusterRoles, the API server exempted", frozen: true, webhook: []adjust{timeout(3), only("rbac.authorization.k8s.io", "clusterroles"), exemptAPIServer}, outcome: forecast.Ready, verdict: preflight.Ready},
		{name: "frozen, all but kube-system", frozen: true, webhook: []adjust{timeout(3), inNamespace(metav1.LabelSelectorOpNotIn, "kube-system")}, outcome: forecast.CrashLoop, hook: "rbac/bootstrap-roles", culprit: "opa", verdict: preflight.NotReady},
		{name: "a certificate for another name", backend: &rig.BackendOptions{Names: []string{"somewhere.else.svc"}}, webhook: everything, outcome: forecast.CrashLoop, hook: "rbac/bootstrap-roles", culprit: "opa", verdict: preflight.NotReady},
		{name: "denying, failing open", backend: &rig.BackendOptions{Behaviour: controlplane.Deny("no", 0)}, webhook: []adjust{timeout(5), failOpen}, outcome: forecast.CrashLoop, hook: "rbac/bootstrap-roles", culprit: "opa", verdict: preflight.NotReady},
		{name: "a policy denies system ClusterRoles", policy: denySystemRoles(), outcome: forecast.CrashLoop, hook: "rbac/bootstrap-roles", culprit: "protect-system-roles", verdict: preflight.NotReady},
	}
}

func TestForecastAgainstUpgrade(t *testing.T) {
	t.Parallel()
	rig.Require(t)
	tool := tool(rig.Tool(t))
	for _, s := range scenarios() {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			prove(t, tool, s)
		})
	}
}

func prove(t *testing.T, tool tool, s scenario) {
	c := start(t)
	stage(t, c, s)

	r := tool.check(t, c.Kubeconfig)
	cp := r.Forecast.ControlPlane
	if cp.Outcome != s.outcome {
		t.Errorf("foretold %s, the scenario is %s: %s", cp.Outcome, s.outcome, hooks(cp))
	}
	if r.Verdict != s.verdict {
		t.Errorf("the verdict is %s, want %s; open: %v", r.Verdict, s.verdict, r.Open)
	}
	if s.hook != "" && !blames(cp, s) {
		t.Errorf("%s is not blamed for %s in %s: %s", s.culprit, s.outcome, s.hook, hooks(cp))
	}
	changedNothing(t, c)

	var f *following
	if s.watched {
		f = tool.followFrom(t, c, s, r)
	}
	out := upgrade(t, c, settled)
	t.Logf("foretold %s; the new replica %s", told(cp), out)
	hold(t, s, cp, out)
	switch {
	case f == nil:
	case s.outcome == forecast.CrashLoop:
		foretoldChain(t, f, out.Started)
	default:
		nothingHappened(t, c, f)
	}
}

// startsAlone lets one API server start at a time, for as long as that takes
// where nothing holds it up: the forecast is for a machine of its own, and the
// rest of what the tests do is to wait.
var startsAlone sync.Mutex

const aWhile = 5 * time.Second

func start(t *testing.T) *rig.Cluster {
	t.Helper()
	startsAlone.Lock()
	defer startsAlone.Unlock()
	return rig.Start(t, controlplane.Options{})
}

// settled is when a write that the new replica makes again and again has failed for good.
const settled = 12 * time.Second

// upgrade replaces the API server by one of the newest minor.
func upgrade(t *testing.T, c *rig.Cluster, settle time.Duration) controlplane.Outcome {
	t.Helper()
	startsAlone.Lock()
	time.AfterFunc(aWhile, startsAlone.Unlock)
	out, err := c.Upgrade(t.Context(), rig.Newest(t).Minor(), controlplane.UpgradeOptions{Settle: settle})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func stage(t *testing.T, c *rig.Cluster, s scenario) {
	if s.policy != nil {
		bind(t, c, s.policy, nil)
	}
	switch {
	case s.webhook == nil:
	case s.backend != nil:
		o := *s.backend
		o.Namespace, o.Service = "opa", "opa"
		b, err := c.StartBackend(t.Context(), o)
		if err == nil {
			err = c.Validate(t.Context(), "opa", b.ClientConfig("/"), s.webhook...)
		}
		if err != nil {
			t.Fatal(err)
		}
	case s.frozen:
		frozen(s.webhook...)(t, c)
	default:
		healthy(t, c, s.webhook...)
	}
}

// hold compares the forecast with what happened.
func hold(t *testing.T, s scenario, cp forecast.ControlPlane, out controlplane.Outcome) {
	t.Helper()
	switch s.outcome {
	case forecast.CrashLoop:
		if out.State != controlplane.Exited || out.ExitCode != 255 || out.Hook != s.hook {
			t.Errorf("it did not crash in %s: %s", s.hook, out)
		}
		within(t, "exit", cp.ExitsAfterSeconds, out)
	case forecast.Degraded:
		if out.State != controlplane.Ready || len(out.FailedWrites) == 0 {
			t.Errorf("it is not degraded: %s", out)
		}
	case forecast.Ready, forecast.Delayed:
		if out.State != controlplane.Ready || len(out.FailedWrites) > 0 {
			t.Errorf("it is not ready: %s", out)
		}
		within(t, "readiness", cp.ReadyAfterSeconds, out)
	case forecast.NeverReady, forecast.Unknown:
		t.Errorf("no scenario is held to be %s here", s.outcome)
	}
}

// usualStart is how long an API server takes until its hooks begin, on a quiet machine.
const usualStart = 3 * time.Second

// within requires the measured time to lie within 20 % of the foretold range. What the
// process took longer than usual until its hooks began is the machine's, and no webhook's.
func within(t *testing.T, what string, s *forecast.Seconds, out controlplane.Outcome) {
	t.Helper()
	if s == nil {
		t.Errorf("no time was foretold for %s", what)
		return
	}
	measured := out.After - max(0, out.Answered-usualStart)
	if got := measured.Seconds(); got < s.Min*0.8 || got > s.Max*1.2 {
		t.Errorf("%s after %.1f s, foretold %.1f to %.1f s", what, got, s.Min, s.Max)
	}
}

// changedNothing reads the audit log of the old API server.
func changedNothing(t *testing.T, c *rig.Cluster) {
	t.Helper()
	events, err := c.First.Audit()
	if err != nil {
		t.Fatal(err)
	}
	byTool := controlplane.ByAgent("gke-preflight/")
	for _, e := range controlplane.Mutations(events, byTool) {
		t.Errorf("the tool changed the cluster: %s", controlplane.Describe(e))
	}
	if !slices.ContainsFunc(events, byTool) {
		t.Error("the audit log shows nothing of the tool, so it proves nothing")
	}
}

// A tool is the path of the binary.
type tool string

// check runs the tool as a user would and reads its report.
func (x tool) check(t *testing.T, kubeconfig string, args ...string) (r preflight.Report) {
	t.Helper()
	code, err := program.Ask(t, string(x), &r, "check", kubeconfig, args...)
	if err != nil {
		t.Fatal(err)
	}
	if code != r.Verdict.ExitCode() {
		t.Errorf("exit code %d with verdict %s", code, r.Verdict)
	}
	return r
}

func blames(cp forecast.ControlPlane, s scenario) bool {
	for _, h := range cp.Hooks {
		if h.Name != s.hook || h.Outcome != s.outcome {
			continue
		}
		for _, c := range cp.AtFault(h) {
			if c.Name == s.culprit {
				return true
			}
		}
	}
	return false
}

func hooks(cp forecast.ControlPlane) string {
	s := cp.Problem
	for _, h := range cp.Hooks {
		if h.Outcome != forecast.Ready {
			s += fmt.Sprintf("\n\t%s: %s, %s", h.Name, h.Outcome, h.Reason)
		}
	}
	return s
}

func told(cp forecast.ControlPlane) string {
	parts := []string{string(cp.Outcome)}
	if s := cp.ReadyAfterSeconds; s != nil {
		parts = append(parts, fmt.Sprintf("ready after %.1f to %.1f s", s.Min, s.Max))
	}
	if s := cp.ExitsAfterSeconds; s != nil {
		parts = append(parts, fmt.Sprintf("exit after %.1f to %.1f s", s.Min, s.Max))
	}
	return strings.Join(parts, ", ")
}
