package proof

import (
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/gke-preflight/gke-preflight/gke/controlplane"
	"github.com/gke-preflight/gke-preflight/gke/controlplane/binaries"
	"github.com/gke-preflight/gke-preflight/gke/controlplane/rig"
	"github.com/gke-preflight/gke-preflight/preflight/cure"
	"github.com/gke-preflight/gke-preflight/preflight/forecast"
)

// A curing is a fault, and a way to cure it.
type curing struct {
	name string
	// stage brings the fault about.
	stage func(*testing.T, *rig.Cluster)
	// args are those of fix, beside the cluster's.
	args          []string
	way           cure.Way
	before, after forecast.Outcome
	// manifest: it is the manifests that are applied, and not the patches.
	manifest bool
	// then looks at the patched cluster.
	then func(*testing.T, *rig.Cluster)
}

// curings are one of each kind; with [binaries.MinorsEnv] all, every one.
func curings() []curing {
	everyday := []curing{
		{name: "frozen, the API server and the rest exempted", stage: frozen(timeout(5)), way: cure.MatchConditions,
			before: forecast.CrashLoop, after: forecast.Ready, then: judgesOthers},
		{name: "frozen and failing open, giving up sooner", stage: frozen(timeout(10), failOpen), args: []string{"--way", "timeout"},
			way: cure.Timeout, before: forecast.Delayed, after: forecast.Delayed},
		{name: "denied by both, both manifests applied", stage: denied, way: cure.MatchConditions, manifest: true,
			before: forecast.CrashLoop, after: forecast.Ready},
	}
	if os.Getenv(binaries.MinorsEnv) != "all" {
		return everyday
	}
	return append(everyday, []curing{
		{name: "frozen, exempted by the manifest", stage: frozen(timeout(5), condition), way: cure.MatchConditions, manifest: true,
			before: forecast.CrashLoop, after: forecast.Ready, then: judgesOthers},
		{name: "frozen, narrowed to the kinds that it is for", stage: frozen(timeout(5)), args: []string{"--kinds", "opa=ingresses.networking.k8s.io,configmaps"},
			way: cure.Rules, before: forecast.CrashLoop, after: forecast.Ready, then: judgesOthers},
		{name: "frozen on ConfigMaps, without kube-system", stage: frozen(timeout(5), only("", "configmaps")), args: []string{"--way", "namespaces"},
			way: cure.Namespaces, before: forecast.Degraded, after: forecast.Ready, then: judgesOthers, manifest: true},
		{name: "frozen, failing open from now on", stage: frozen(timeout(10)), args: []string{"--way", "failure-policy"},
			way: cure.FailurePolicy, before: forecast.CrashLoop, after: forecast.Delayed, manifest: true},
		{name: "denied by a webhook and by a policy, both patched", stage: denied, way: cure.MatchConditions,
			before: forecast.CrashLoop, after: forecast.Ready},
	}...)
}

// TestCures applies the patches that the tool finds, and upgrades: what was simulated
// must come true.
func TestCures(t *testing.T) {
	t.Parallel()
	rig.Require(t)
	tool := tool(rig.Tool(t))
	for _, s := range curings() {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			cureAndUpgrade(t, tool, s)
		})
	}
}

func cureAndUpgrade(t *testing.T, tool tool, s curing) {
	c := start(t)
	s.stage(t, c)
	before := resourceVersions(t, c)
	r := tool.fix(t, c.Kubeconfig, s.args...)
	if diff := resourceVersions(t, c); !slices.Equal(before, diff) {
		t.Errorf("fix changed the cluster: %v, then %v", before, diff)
	}
	if r.Before.Outcome != s.before || r.After.Outcome != s.after {
		t.Errorf("%s before and %s after, want %s and %s; left: %+v", r.Before.Outcome, r.After.Outcome, s.before, s.after, r.Left)
	}
	if len(r.Cures) == 0 {
		t.Fatalf("no cure; left: %+v", r.Left)
	}
	for _, k := range r.Cures {
		if k.Way != s.way {
			t.Errorf("%s is patched by %s, want %s", k.Name, k.Way, s.way)
		}
		applied(t, c, k, s.manifest)
	}
	time.Sleep(2 * time.Second)
	if s.then != nil {
		s.then(t, c)
	}
	out := upgrade(t, c, settled)
	t.Logf("foretold %s with the patches; the new replica %s", r.After.Outcome, out)
	if out.State != controlplane.Ready || len(out.FailedWrites) > 0 {
		t.Errorf("it is not ready: %s", out)
	}
	within(t, "readiness", r.After.ReadyAfterSeconds, out)
}

// judgesOthers requires that the frozen webhook is still in the way of a person,
// and no longer in that of a scheduler that renews its lease.
func judgesOthers(t *testing.T, c *rig.Cluster) {
	t.Helper()
	name := metav1.ObjectMeta{GenerateName: "after-the-cure-"}
	_, err := c.Client.CoreV1().ConfigMaps("default").Create(t.Context(), &corev1.ConfigMap{ObjectMeta: name}, metav1.CreateOptions{})
	if err == nil || !strings.Contains(err.Error(), "opa.rig.test") {
		t.Errorf("a person's ConfigMap is no longer judged: %v", err)
	}
	cfg, err := c.ConfigFor(c.First, "system:kube-scheduler")
	if err != nil {
		t.Fatal(err)
	}
	scheduler, err := kubernetes.NewForConfig(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := scheduler.CoordinationV1().Leases("kube-system").Create(t.Context(), &coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{Name: "kube-scheduler"}}, metav1.CreateOptions{}); err != nil {
		t.Errorf("the scheduler can't write its lease: %v", err)
	}
}
