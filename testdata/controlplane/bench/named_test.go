package bench

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/gke-preflight/gke-preflight/checks"
	"github.com/gke-preflight/gke-preflight/gke/kube"
	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/testdata/controlplane"
)

// TestFewBad is [BenchmarkCollect]'s last question on a small cluster: of many
// nodes and pods exactly those are named that are bad.
func TestFewBad(t *testing.T) {
	c := controlplane.Start(t, controlplane.Options{Minor: "1.36"})
	fill(t, c, size{nodes: 30, pods: 600, webhooks: 2})
	named(t, c)
}

// spoil makes a few nodes and pods bad, each in its own way.
func spoil(t testing.TB, c *controlplane.Cluster) {
	t.Helper()
	ctx := t.Context()
	core := c.Client.CoreV1()
	all, err := core.Nodes().List(ctx, metav1.ListOptions{Limit: 4})
	check(t, err)
	for i, kind := range []corev1.NodeConditionType{"KernelDeadlock", corev1.NodeReady, corev1.NodeDiskPressure} {
		n := &all.Items[i]
		status := corev1.ConditionTrue
		if kind == corev1.NodeReady {
			status = corev1.ConditionFalse
		}
		n.Status.Conditions = slices.DeleteFunc(n.Status.Conditions, func(c corev1.NodeCondition) bool { return c.Type == kind })
		n.Status.Conditions = append(n.Status.Conditions, corev1.NodeCondition{Type: kind, Status: status, Reason: "Spoilt", LastTransitionTime: metav1.Now()})
		_, err := core.Nodes().UpdateStatus(ctx, n, metav1.UpdateOptions{})
		check(t, err)
	}
	n := &all.Items[3]
	n.Spec.Unschedulable = true
	_, err = core.Nodes().Update(ctx, n, metav1.UpdateOptions{})
	check(t, err)
	bad := func(name string, change func(*corev1.Pod)) {
		p := pod(0, 1)
		p.Namespace, p.Name = namespace(0), name+"-7c9f6d5b4d-x"
		p.OwnerReferences[0].Name = name + "-7c9f6d5b4d"
		p.Labels["app.kubernetes.io/name"] = name
		change(p)
		_, err := core.Pods(p.Namespace).Create(ctx, p, metav1.CreateOptions{})
		check(t, err)
	}
	bad("bare", func(p *corev1.Pod) { p.OwnerReferences = nil })
	bad("pinned", func(p *corev1.Pod) { p.Spec.NodeSelector = map[string]string{corev1.LabelHostname: "n1"} })
	bad("patient", func(p *corev1.Pod) { p.Spec.TerminationGracePeriodSeconds = new(int64(7200)) })
	bad("overlapped", func(*corev1.Pod) {})
	for _, b := range [][2]string{{"a", "overlapped"}, {"b", "overlapped"}, {"nobody", "nobody"}} {
		_, err := c.Client.PolicyV1().PodDisruptionBudgets(namespace(0)).Create(ctx, &policyv1.PodDisruptionBudget{
			ObjectMeta: metav1.ObjectMeta{Name: b[0]},
			Spec:       policyv1.PodDisruptionBudgetSpec{MaxUnavailable: new(intstr.FromInt32(1)), Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"app.kubernetes.io/name": b[1]}}},
		}, metav1.CreateOptions{})
		check(t, err)
	}
}

// renewAll renews the leases of all nodes, as their kubelets would.
func renewAll(t testing.TB, c *controlplane.Cluster) {
	t.Helper()
	leases := c.Client.CoordinationV1().Leases(corev1.NamespaceNodeLease)
	all, err := leases.List(t.Context(), metav1.ListOptions{})
	check(t, err)
	soon := metav1.NewMicroTime(time.Now().Add(time.Minute))
	check(t, inParallel(t.Context(), len(all.Items), func(ctx context.Context, i int) error {
		all.Items[i].Spec.RenewTime = &soon
		_, err := leases.Update(ctx, &all.Items[i], metav1.UpdateOptions{})
		return err
	}))
}

// named holds what the checks of nodes and of drains name against what [spoil] did.
func named(t testing.TB, c *controlplane.Cluster) {
	t.Helper()
	spoil(t, c)
	renewAll(t, c)
	nodes, err := c.Client.CoreV1().Nodes().List(t.Context(), metav1.ListOptions{Limit: 4})
	check(t, err)
	s := facts.New(facts.Meta{CollectedAt: time.Now()}, kube.Collect(t.Context(), c.Config, kube.Options{})...)
	var ours []preflight.Check
	for _, k := range checks.All() {
		if strings.HasPrefix(k.ID, "GP20") || strings.HasPrefix(k.ID, "GP4") {
			ours = append(ours, k)
		}
	}
	var got []string
	start := time.Now()
	for _, r := range preflight.Run(s, ours) {
		for _, f := range r.Findings {
			got = append(got, f.Check+" "+f.Subject.String())
		}
	}
	t.Logf("%d checks on %d nodes and %d groups of pods took %s", len(ours), len(facts.Nodes.Of(s)), len(facts.PodGroups.Of(s)), time.Since(start))
	node := func(i int) string { return "Node " + nodes.Items[i].Name }
	team := namespace(0)
	want := []string{
		"GP202 " + node(1), "GP205 " + node(0), "GP205 " + node(2), "GP206 " + node(3),
		"GP402 " + fmt.Sprintf("Deployment %s/overlapped", team), "GP403 " + fmt.Sprintf("PodDisruptionBudget %s/nobody", team),
		"GP404 " + fmt.Sprintf("Pod %s/bare-7c9f6d5b4d-x", team), "GP406 " + fmt.Sprintf("Deployment %s/patient", team), "GP407 " + fmt.Sprintf("Deployment %s/pinned", team),
		"GP409 Workloads single-replica",
	}
	slices.Sort(got)
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("named are, -want +got:\n%s", diff)
	}
}
