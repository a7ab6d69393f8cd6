// Package addons holds rows of the map of add-ons against real upgrades with the backend
// down.
package addons

import (
	"context"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/gke-preflight/gke-preflight/gke/controlplane"
	"github.com/gke-preflight/gke-preflight/gke/controlplane/rig"
	"github.com/gke-preflight/gke-preflight/preflight/addons"
	"github.com/gke-preflight/gke-preflight/preflight/simulation"
)

func TestMain(m *testing.M) { os.Exit(rig.Main(m)) }

const written = "../../map/written/"

// TestConfirmed upgrades past the most dangerous add-ons, and one that is clear, while
// their backends accept connections and say nothing: what the map says is lost on the
// newest step is lost, and the rest is not.
func TestConfirmed(t *testing.T) {
	t.Parallel()
	confirmed := 0
	for _, a := range addons.Index() {
		for _, i := range a.Installs {
			if i.Confirmed == "" {
				continue
			}
			confirmed++
			t.Run(a.Name+" "+i.As, func(t *testing.T) {
				t.Parallel()
				upgrade(t, i, rowOf(t, a.Name, i.As))
			})
		}
	}
	if confirmed < 6 {
		t.Errorf("%d rows are confirmed", confirmed)
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

// upgrade installs what the add-on registers, makes writes that the cluster lives by, and
// then starts the target.
func upgrade(t *testing.T, i addons.Install, r addons.Row) {
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
	out, err := k.Upgrade(t.Context(), rig.Newest(t).Minor(), controlplane.UpgradeOptions{Bound: patience})
	if err != nil {
		t.Fatal(err)
	}
	told := r.Steps[len(r.Steps)-1].Down.Start == simulation.Endangered
	if fails := out.State != controlplane.Ready; fails != told || fails && !slices.Contains(out.Failing, "poststarthook/rbac/bootstrap-roles") {
		t.Errorf("the new API server %s: %s, and the map says that its start is lost: %v", out, out.Fatal, told)
	}
}

// patience is how long the new API server is watched. One whose webhook takes 10 s a
// write exits minutes later, after its second pass.
const patience = 75 * time.Second

// writes are those of lines of the map that an administrator can make as well.
func writes(k *rig.Cluster) map[string]func(context.Context) error {
	pod := func(namespace string) func(context.Context) error {
		return func(ctx context.Context) error {
			p := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{GenerateName: "app-"}, Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "app", Image: "app"}}}}
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

// install starts a backend that hangs behind the add-on's Service, and applies its
// configurations and the labels of its Namespaces.
func install(t *testing.T, k *rig.Cluster, i addons.Install) {
	t.Helper()
	text, err := os.ReadFile(written + i.From.Written)
	if err != nil {
		t.Fatal(err)
	}
	var b *rig.Backend
	for _, doc := range strings.Split(string(text), "\n---\n") {
		var head struct{ Kind string }
		if err := yaml.Unmarshal([]byte(doc), &head); err != nil {
			t.Fatal(err)
		}
		switch head.Kind {
		case "ValidatingWebhookConfiguration":
			c := object[admissionregistrationv1.ValidatingWebhookConfiguration](t, doc)
			for n := range c.Webhooks {
				b = backend(t, k, b, &c.Webhooks[n].ClientConfig)
			}
			if _, err := k.Client.AdmissionregistrationV1().ValidatingWebhookConfigurations().Create(t.Context(), c, metav1.CreateOptions{}); err != nil {
				t.Fatal(err)
			}
		case "MutatingWebhookConfiguration":
			c := object[admissionregistrationv1.MutatingWebhookConfiguration](t, doc)
			for n := range c.Webhooks {
				b = backend(t, k, b, &c.Webhooks[n].ClientConfig)
			}
			if _, err := k.Client.AdmissionregistrationV1().MutatingWebhookConfigurations().Create(t.Context(), c, metav1.CreateOptions{}); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// backend starts the backend at first, and leads the webhook to it.
func backend(t *testing.T, k *rig.Cluster, b *rig.Backend, to *admissionregistrationv1.WebhookClientConfig) *rig.Backend {
	t.Helper()
	if b == nil {
		labels(t, k)
		var err error
		if b, err = k.StartBackend(t.Context(), rig.BackendOptions{Namespace: to.Service.Namespace, Service: to.Service.Name, Behaviour: controlplane.HangAfterTLS()}); err != nil {
			t.Fatal(err)
		}
	}
	*to = b.ClientConfig("/")
	return b
}

// labels are those that Open Policy Agent's tutorial puts on kube-system.
func labels(t *testing.T, k *rig.Cluster) {
	t.Helper()
	n, err := k.Client.CoreV1().Namespaces().Get(t.Context(), "kube-system", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	maps.Copy(n.Labels, map[string]string{"openpolicyagent.org/webhook": "ignore"})
	if _, err := k.Client.CoreV1().Namespaces().Update(t.Context(), n, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
}

func object[T any](t *testing.T, doc string) *T {
	t.Helper()
	v := new(T)
	if err := yaml.UnmarshalStrict([]byte(doc), v); err != nil {
		t.Fatal(err)
	}
	return v
}
