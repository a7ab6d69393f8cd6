// Package addons holds rows of the map of add-ons against real upgrades with the backend
// down.
package addons

import (
	"context"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/gke-preflight/gke-preflight/gke/controlplane"
	"github.com/gke-preflight/gke-preflight/gke/controlplane/rig"
	"github.com/gke-preflight/gke-preflight/preflight/addons"
	"github.com/gke-preflight/gke-preflight/preflight/simulation"
)

func TestMain(m *testing.M) { os.Exit(rig.Main(m)) }

// TestConfirmed holds rows of the map, the most dangerous ones and clear ones, against
// clusters with the add-on's backend down: what the map says is lost is lost, the rest is
// not, and where it says that a start is clear the new API server gets ready. Starts that
// it says anything else of take minutes, and are [TestStarts]'s.
func TestConfirmed(t *testing.T) {
	t.Parallel()
	all := func(addons.Row) bool { return true }
	confirmed(t, 6, all, func(t *testing.T, k *rig.Cluster, r addons.Row) {
		var wg sync.WaitGroup
		for line, write := range writes(k) {
			wg.Go(func() {
				told := slices.ContainsFunc(r.Lost, func(l addons.Lost) bool { return l.Name == line && !l.Perhaps })
				if err := write(t.Context()); (err != nil) != told || told && !strings.Contains(err.Error(), "failed calling webhook") {
					t.Errorf("%s ends in %v, and the map says that it is lost: %v", line, err, told)
				}
			})
		}
		wg.Wait()
		if startOf(r) != simulation.Clear {
			return
		}
		if out := upgrade(t, k); out.State != controlplane.Ready {
			t.Errorf("the new API server %s: %s, and the map says that its start is clear", out, out.Fatal)
		}
	})
}

// TestStarts upgrades past the add-ons of which the map says that a start is lost, or
// that it can't be told, and watches the new API server until it is ready or has exited.
// "make test-addons" runs it alone.
func TestStarts(t *testing.T) {
	t.Parallel()
	unclear := func(r addons.Row) bool { return startOf(r) != simulation.Clear }
	confirmed(t, 3, unclear, func(t *testing.T, k *rig.Cluster, r addons.Row) {
		told, out := startOf(r), upgrade(t, k)
		t.Logf("%s, %s: %s %s", r.Addon, r.As, out, out.Fatal)
		exits := out.State == controlplane.Exited && out.Hook == "rbac/bootstrap-roles"
		if !exits && (told == simulation.Endangered || out.State != controlplane.Ready) {
			t.Errorf("the new API server %s: %s, and the map says of its start: %s", out, out.Fatal, told)
		}
	})
}

// startOf is what the map says of the start on the newest step.
func startOf(r addons.Row) simulation.Verdict { return r.Steps[len(r.Steps)-1].Down.Start }

// confirmed does that to each of those rows that were held against real upgrades, of which
// there are so many at least, on a cluster with its add-on installed.
func confirmed(t *testing.T, least int, of func(addons.Row) bool, do func(*testing.T, *rig.Cluster, addons.Row)) {
	t.Helper()
	found := 0
	for _, a := range addons.Index() {
		for _, i := range a.Installs {
			if i.Confirmed == "" {
				continue
			}
			r := rowOf(t, a.Name, i.As)
			if !of(r) {
				continue
			}
			found++
			t.Run(a.Name+" "+i.As, func(t *testing.T) {
				t.Parallel()
				do(t, cluster(t, i), r)
			})
		}
	}
	if found < least {
		t.Errorf("%d rows are confirmed, not %d", found, least)
	}
}

func rowOf(t *testing.T, name, as string) addons.Row {
	t.Helper()
	for _, r := range addons.Rows() {
		if r.Addon == name && r.As == as {
			return r
		}
	}
	t.Fatalf("%s, %s has no row", name, as)
	return addons.Row{}
}

// cluster is one with nodes, on which the add-on is installed.
func cluster(t *testing.T, i addons.Install) *rig.Cluster {
	t.Helper()
	k := rig.Start(t, controlplane.Options{})
	for _, namespace := range []string{"kube-system", "default"} {
		account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: "default"}}
		if _, err := k.Client.CoreV1().ServiceAccounts(namespace).Create(t.Context(), account, metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	if err := k.AddNodes(t.Context(), rig.NodePool{}); err != nil {
		t.Fatal(err)
	}
	install(t, k, i)
	return k
}

func upgrade(t *testing.T, k *rig.Cluster) controlplane.Outcome {
	t.Helper()
	out, err := k.Upgrade(t.Context(), rig.Newest(t).Minor(), controlplane.UpgradeOptions{Bound: patience})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// patience is how long the new API server is watched. One whose webhook takes 10 s a
// write exits minutes later, after its second pass.
const patience = 10 * time.Minute

// writes are those of lines of the map that an administrator can make as well.
func writes(k *rig.Cluster) map[string]func(context.Context) error {
	pod := func(namespace string) func(context.Context) error {
		return func(ctx context.Context) error {
			p := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{GenerateName: "app-", Labels: map[string]string{"owner": "team"}}, Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "app", Image: "app"}}}}
			_, err := k.Client.CoreV1().Pods(namespace).Create(ctx, p, metav1.CreateOptions{})
			return err
		}
	}
	return map[string]func(context.Context) error{
		"pods of kube-system":  pod("kube-system"),
		"pods of applications": pod("default"),
		"node leases": func(ctx context.Context) error {
			l := &coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{GenerateName: "node-"}}
			_, err := k.Client.CoordinationV1().Leases("kube-node-lease").Create(ctx, l, metav1.CreateOptions{})
			return err
		},
		"node taints and conditions": func(ctx context.Context) error {
			all, err := k.Client.CoreV1().Nodes().List(ctx, metav1.ListOptions{})
			if err != nil {
				return err
			}
			n := all.Items[0]
			n.Spec.Taints = append(n.Spec.Taints, corev1.Taint{Key: corev1.TaintNodeNotReady, Effect: corev1.TaintEffectNoSchedule})
			_, err = k.Client.CoreV1().Nodes().Update(ctx, &n, metav1.UpdateOptions{})
			return err
		},
	}
}
