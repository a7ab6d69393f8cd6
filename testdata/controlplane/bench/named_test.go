package bench

import (
	"context"
	"flag"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/gke-preflight/gke-preflight/checks"
	"github.com/gke-preflight/gke-preflight/gke/controlplane"
	"github.com/gke-preflight/gke-preflight/gke/controlplane/rig"
	"github.com/gke-preflight/gke-preflight/gke/kube"
	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

var (
	manyNodes = flag.Int("nodes", 30, "how many nodes TestFewBad makes")
	manyPods  = flag.Int("pods", 600, "how many pods TestFewBad makes")
)

// TestFewBad requires that of many nodes and pods exactly those are named that are
// bad. It is small unless asked for more: make test-scale asks for 5,000 and 50,000.
func TestFewBad(t *testing.T) {
	c := rig.Start(t, controlplane.Options{})
	fill(t, c, size{nodes: *manyNodes, pods: *manyPods, webhooks: 2})
	named(t, c)
}

// badNodes is what is wrong with a few nodes, in the order of their names, and which
// check names it.
var badNodes = []struct {
	check string
	spoil func(*corev1.Node)
}{
	{"GP205", condition("KernelDeadlock", corev1.ConditionTrue)},
	{"GP202", condition(corev1.NodeReady, corev1.ConditionFalse)},
	{"GP205", condition(corev1.NodeDiskPressure, corev1.ConditionTrue)},
	{"GP206", func(n *corev1.Node) { n.Spec.Unschedulable = true }},
	{"GP203", func(*corev1.Node) {}},
	{"GP204", func(n *corev1.Node) { n.Annotations = map[string]string{"gke-current-operation": "AUTO_REPAIR_NODES"} }},
	{"GP207", func(*corev1.Node) {}},
	{"GP208", func(n *corev1.Node) {
		n.Status.Capacity["nvidia.com/gpu"], n.Status.Allocatable["nvidia.com/gpu"] = resource.MustParse("2"), resource.MustParse("1")
	}},
	{"GP303", func(n *corev1.Node) { n.Status.NodeInfo.KubeletVersion = "v1.32.4" }},
}

// silent and flapping are the nodes that are spoilt by their lease and their events.
const silent, flapping = 4, 6

func condition(kind corev1.NodeConditionType, status corev1.ConditionStatus) func(*corev1.Node) {
	return func(n *corev1.Node) {
		n.Status.Conditions = slices.DeleteFunc(n.Status.Conditions, func(c corev1.NodeCondition) bool { return c.Type == kind })
		n.Status.Conditions = append(n.Status.Conditions, corev1.NodeCondition{Type: kind, Status: status, Reason: "Spoilt", LastTransitionTime: metav1.Now()})
	}
}

// spoil makes a few nodes and pods bad, each in its own way, and returns what is to
// be named.
func spoil(t testing.TB, c *rig.Cluster) []string {
	t.Helper()
	ctx := t.Context()
	core := c.Client.CoreV1()
	all, err := core.Nodes().List(ctx, metav1.ListOptions{Limit: int64(len(badNodes))})
	check(t, err)
	var want []string
	for i, bad := range badNodes {
		n := &all.Items[i]
		want = append(want, bad.check+" Node "+n.Name)
		bad.spoil(n)
		status := n.Status
		n, err := core.Nodes().Update(ctx, n, metav1.UpdateOptions{})
		check(t, err)
		n.Status = status
		_, err = core.Nodes().UpdateStatus(ctx, n, metav1.UpdateOptions{})
		check(t, err)
	}
	_, err = core.Events(metav1.NamespaceDefault).Create(ctx, &corev1.Event{
		ObjectMeta: metav1.ObjectMeta{Name: "flapping"}, InvolvedObject: corev1.ObjectReference{Kind: "Node", Name: all.Items[flapping].Name},
		Reason: "NodeNotReady", Source: corev1.EventSource{Component: "node-controller"}, Type: corev1.EventTypeNormal, Count: 4,
		FirstTimestamp: metav1.NewTime(time.Now().Add(-40 * time.Minute)), LastTimestamp: metav1.Now(),
	}, metav1.CreateOptions{})
	check(t, err)
	dying := []string{all.Items[1].Name, all.Items[2].Name, all.Items[silent].Name}
	return append(append(want, "GP210 NodePool default-pool ("+strings.Join(dying, ", ")+")"), spoilPods(t, c)...)
}

func spoilPods(t testing.TB, c *rig.Cluster) []string {
	t.Helper()
	ctx := t.Context()
	bad := func(name string, change func(*corev1.Pod)) {
		p := pod(0, 1)
		p.Namespace, p.Name = namespace(0), name+"-7c9f6d5b4d-x"
		p.OwnerReferences[0].Name = name + "-7c9f6d5b4d"
		p.Labels["app.kubernetes.io/name"] = name
		change(p)
		_, err := c.Client.CoreV1().Pods(p.Namespace).Create(ctx, p, metav1.CreateOptions{})
		check(t, err)
	}
	bad("bare", func(p *corev1.Pod) { p.OwnerReferences = nil })
	bad("pinned", func(p *corev1.Pod) { p.Spec.NodeSelector = map[string]string{corev1.LabelHostname: "n1"} })
	bad("patient", func(p *corev1.Pod) { p.Spec.TerminationGracePeriodSeconds = new(int64(7200)) })
	bad("rooted", func(p *corev1.Pod) {
		p.Spec.Volumes = []corev1.Volume{{Name: "data", VolumeSource: corev1.VolumeSource{HostPath: &corev1.HostPathVolumeSource{Path: "/data"}}}}
		p.Spec.Containers[0].VolumeMounts = []corev1.VolumeMount{{Name: "data", MountPath: "/data"}}
	})
	bad("overlapped", func(*corev1.Pod) {})
	bad("guarded", func(*corev1.Pod) {})
	budgets := c.Client.PolicyV1().PodDisruptionBudgets(namespace(0))
	for _, b := range [][2]string{{"a", "overlapped"}, {"b", "overlapped"}, {"nobody", "nobody"}, {"never", "guarded"}} {
		made, err := budgets.Create(ctx, &policyv1.PodDisruptionBudget{
			ObjectMeta: metav1.ObjectMeta{Name: b[0]},
			Spec:       policyv1.PodDisruptionBudgetSpec{MaxUnavailable: new(intstr.FromInt32(1)), Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"app.kubernetes.io/name": b[1]}}},
		}, metav1.CreateOptions{})
		check(t, err)
		if b[0] == "never" {
			made.Status = policyv1.PodDisruptionBudgetStatus{ExpectedPods: 1, CurrentHealthy: 1, DesiredHealthy: 1}
			_, err = budgets.UpdateStatus(ctx, made, metav1.UpdateOptions{})
			check(t, err)
		}
	}
	team := namespace(0)
	return []string{
		"GP401 PodDisruptionBudget " + team + "/never", "GP402 Deployment " + team + "/overlapped", "GP403 PodDisruptionBudget " + team + "/nobody",
		"GP404 Pod " + team + "/bare-7c9f6d5b4d-x", "GP405 Deployment " + team + "/rooted", "GP406 Deployment " + team + "/patient",
		"GP407 Deployment " + team + "/pinned",
		strings.ReplaceAll("GP409 Workloads single-replica (Deployment TEAM/guarded, Deployment TEAM/overlapped, Deployment TEAM/patient, Deployment TEAM/pinned, Deployment TEAM/rooted)", "TEAM", team),
	}
}

// renewAll renews the leases of all nodes but the silent one, as their kubelets would.
func renewAll(t testing.TB, c *rig.Cluster) {
	t.Helper()
	leases := c.Client.CoordinationV1().Leases(corev1.NamespaceNodeLease)
	all, err := leases.List(t.Context(), metav1.ListOptions{})
	check(t, err)
	soon, once := metav1.NewMicroTime(time.Now().Add(time.Minute)), metav1.NewMicroTime(time.Now().Add(-5*time.Minute))
	check(t, inParallel(t.Context(), len(all.Items), func(ctx context.Context, i int) error {
		all.Items[i].Spec.RenewTime = &soon
		if i == silent {
			all.Items[i].Spec.RenewTime = &once
		}
		_, err := leases.Update(ctx, &all.Items[i], metav1.UpdateOptions{})
		return err
	}))
}

// within are the objects that a finding on several of them lists.
func within(f preflight.Finding) string {
	if f.Check != "GP210" && f.Check != "GP409" {
		return ""
	}
	_, names, _ := strings.Cut(f.Summary, ": ")
	names, _, _ = strings.Cut(names, ";")
	return " (" + names + ")"
}

// named holds what the checks of nodes, versions and drains name against what [spoil]
// did. The GKE API is not on the rig: the one node pool is added to what was read.
func named(t testing.TB, c *rig.Cluster) {
	t.Helper()
	want := spoil(t, c)
	renewAll(t, c)
	observed := append(kube.Collect(t.Context(), c.Config, kube.Options{}), facts.Present(facts.GKENodePools, []facts.NodePool{{Name: "default-pool", Version: c.First.Version + "-gke.100", Status: "RUNNING", AutoRepair: true}}))
	s := facts.New(facts.Meta{CollectedAt: time.Now(), Target: rig.Newest(t).Version}, observed...)
	var ours []preflight.Check
	for _, k := range checks.All() {
		if slices.Contains([]string{"GP2", "GP3", "GP4", "GP5"}, k.ID[:3]) {
			ours = append(ours, k)
		}
	}
	var got []string
	start := time.Now()
	for _, r := range preflight.Run(s, ours) {
		for _, f := range r.Findings {
			got = append(got, f.Check+" "+f.Subject.String()+within(f))
		}
	}
	t.Logf("%d checks on %d nodes and %d groups of pods took %s", len(ours), len(facts.Nodes.Of(s)), len(facts.PodGroups.Of(s)), time.Since(start))
	slices.Sort(got)
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("named are, -want +got:\n%s", diff)
	}
}
