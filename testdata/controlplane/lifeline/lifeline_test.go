// Package lifeline holds what is foretold of heartbeats, leader elections and
// reviews against a real API server, and clients as patient as the real ones.
package lifeline

import (
	"context"
	"os"
	"testing"
	"time"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	authenticationv1 "k8s.io/api/authentication/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/gke-preflight/gke-preflight/gke/controlplane"
	"github.com/gke-preflight/gke-preflight/gke/controlplane/rig"
	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/forecast"
	"github.com/gke-preflight/gke-preflight/testdata/controlplane/program"
)

func TestMain(m *testing.M) { os.Exit(rig.Main(m)) }

const (
	node      = "gke-rig-default-pool-1"
	scheduler = "system:kube-scheduler"
	manager   = "system:kube-controller-manager"
	metrics   = "system:serviceaccount:kube-system:metrics-server"
)

// A client makes one request as the real one does.
type client struct {
	user     string
	groups   []string
	patience time.Duration
	request  func(context.Context, kubernetes.Interface) error
}

func clients() map[string]client {
	return map[string]client{
		"node leases":                                {"system:node:" + node, []string{"system:nodes"}, 10 * time.Second, renew("kube-node-lease", node)},
		"leader election of kube-scheduler":          {scheduler, nil, 5 * time.Second, renew("kube-system", "kube-scheduler")},
		"leader election of kube-controller-manager": {manager, nil, 5 * time.Second, renew("kube-system", "kube-controller-manager")},
		"reviews by kubelets":                        {"system:node:" + node, []string{"system:nodes"}, 0, review},
		"reviews by aggregated API servers":          {metrics, []string{"system:serviceaccounts"}, 10 * time.Second, review},
	}
}

// A hook is a webhook that hangs and fails open.
type hook struct {
	name    string
	timeout int32
	group   string
	// condition narrows it to what it is about.
	condition string
}

// TestHungAndFailingOpen is about webhooks that fail open, in time and too late, one after
// the other in one cluster: the forecast is held against what becomes of the clients'
// requests. The backend is asked once for each webhook, though each sees several writes.
func TestHungAndFailingOpen(t *testing.T) {
	t.Parallel()
	c := rig.Start(t, controlplane.Options{})
	prepare(t, c)
	b, err := c.StartBackend(t.Context(), rig.BackendOptions{Namespace: "hung", Service: "hung", Behaviour: controlplane.HangAfterTLS()})
	if err != nil {
		t.Fatal(err)
	}
	const onNodes, onTokens = `request.namespace == "kube-node-lease"`, `request.resource.resource == "tokenreviews"`
	t.Run("too late", func(t *testing.T) {
		r := hold(t, c, b, []hook{
			{"nodes", 10, "coordination.k8s.io", onNodes},
			{"scheduler", 5, "coordination.k8s.io", `request.userInfo.username == "` + scheduler + `"`},
			{"manager", 4, "coordination.k8s.io", `request.userInfo.username == "` + manager + `"`},
			{"reviews", 10, "authentication.k8s.io", onTokens},
		}, map[string]forecast.Fate{
			"node leases": forecast.Lost, "node status": forecast.Kept, "node registration": forecast.Slowed,
			"leader election of kube-scheduler": forecast.Lost, "leader election of kube-controller-manager": forecast.Slowed,
			"reviews by kubelets": forecast.Slowed, "reviews by aggregated API servers": forecast.Lost,
			"service account tokens": forecast.Kept,
		})
		if r.Verdict != preflight.NotReady {
			t.Errorf("the verdict is %s", r.Verdict)
		}
	})
	t.Run("in time", func(t *testing.T) {
		r := hold(t, c, b, []hook{{"nodes", 9, "coordination.k8s.io", onNodes}}, map[string]forecast.Fate{"node leases": forecast.Slowed})
		if r.Verdict != preflight.Ready {
			t.Errorf("the verdict is %s; open: %v", r.Verdict, r.Open)
		}
	})
}

// hold foretells, lets it happen, and requires both to be as want says. The hooks are there
// for that long.
func hold(t *testing.T, c *rig.Cluster, b *rig.Backend, hooks []hook, want map[string]forecast.Fate) preflight.Report {
	t.Helper()
	earlier := len(b.Seen())
	for _, h := range hooks {
		if err := c.Validate(t.Context(), h.name, b.ClientConfig("/"), failingOpen(h)); err != nil {
			t.Fatal(err)
		}
	}
	r := check(t, c.Kubeconfig)
	foretold(t, r, want)
	if n := len(b.Seen()) - earlier; n != len(hooks) {
		t.Errorf("the backend was asked %d times, want once for each of %d webhooks", n, len(hooks))
	}
	happens(t, c, want)
	for _, h := range hooks {
		all(t, c.Client.AdmissionregistrationV1().ValidatingWebhookConfigurations().Delete(t.Context(), h.name, metav1.DeleteOptions{}))
	}
	return r
}

// prepare creates what the clients update, and lets them.
func prepare(t *testing.T, c *rig.Cluster) {
	t.Helper()
	if err := c.AddNodes(t.Context(), rig.NodePool{Names: []string{node}}); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"kube-scheduler", "kube-controller-manager"} {
		l := &coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{Name: name}}
		if _, err := c.Client.CoordinationV1().Leases("kube-system").Create(t.Context(), l, metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	_, err := c.Client.RbacV1().ClusterRoleBindings().Create(t.Context(), &rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: "metrics"},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "system:auth-delegator"},
		Subjects:   []rbacv1.Subject{{Kind: "User", APIGroup: rbacv1.GroupName, Name: metrics}},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
}

func failingOpen(h hook) func(*admissionregistrationv1.ValidatingWebhook) {
	return func(w *admissionregistrationv1.ValidatingWebhook) {
		ignore := admissionregistrationv1.Ignore
		w.FailurePolicy, w.TimeoutSeconds = &ignore, &h.timeout
		w.Rules[0].APIGroups, w.Rules[0].Resources = []string{h.group}, []string{"*"}
		w.MatchConditions = []admissionregistrationv1.MatchCondition{{Name: "only", Expression: h.condition}}
	}
}

// foretold holds the forecast's lines against want.
func foretold(t *testing.T, r preflight.Report, want map[string]forecast.Fate) {
	t.Helper()
	found := 0
	for _, l := range r.Forecast.Lifelines {
		if fate, ok := want[l.Name]; ok {
			found++
			if l.Outcome != fate {
				t.Errorf("%s is foretold as %s, want %s: %s", l.Name, l.Outcome, fate, l.Reason)
			}
		}
	}
	if found != len(want) {
		t.Errorf("%d lines are foretold, want %d", found, len(want))
	}
}

// happens lets the clients of the lines make their requests, all at once. What
// is slowed succeeds and what is lost fails; how long either takes shows only
// that the webhook was waited for.
func happens(t *testing.T, c *rig.Cluster, want map[string]forecast.Fate) {
	t.Helper()
	type result struct {
		line string
		err  error
		took time.Duration
	}
	results, n := make(chan result), 0
	for line, who := range clients() {
		if _, ok := want[line]; !ok {
			continue
		}
		cfg, err := c.ConfigFor(c.First, who.user, append(who.groups, "system:authenticated")...)
		if err != nil {
			t.Fatal(err)
		}
		cfg.Timeout = who.patience
		k, err := kubernetes.NewForConfig(cfg)
		if err != nil {
			t.Fatal(err)
		}
		n++
		go func() {
			began := time.Now()
			err := who.request(t.Context(), k)
			results <- result{line, err, time.Since(began)}
		}()
	}
	for range n {
		r := <-results
		t.Logf("%s, foretold %s: %v after %.1f s", r.line, want[r.line], r.err, r.took.Seconds())
		if (r.err != nil) != (want[r.line] == forecast.Lost) {
			t.Errorf("%s was foretold as %s, and its request ended in %v", r.line, want[r.line], r.err)
		}
		if r.took < 3*time.Second {
			t.Errorf("%s: %v after %v: no webhook was waited for", r.line, r.err, r.took)
		}
	}
}

func renew(namespace, name string) func(context.Context, kubernetes.Interface) error {
	return func(ctx context.Context, k kubernetes.Interface) error {
		leases := k.CoordinationV1().Leases(namespace)
		l, err := leases.Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		now := metav1.NowMicro()
		l.Spec.HolderIdentity, l.Spec.RenewTime = &name, &now
		_, err = leases.Update(ctx, l, metav1.UpdateOptions{})
		return err
	}
}

func review(ctx context.Context, k kubernetes.Interface) error {
	_, err := k.AuthenticationV1().TokenReviews().Create(ctx, &authenticationv1.TokenReview{Spec: authenticationv1.TokenReviewSpec{Token: "none"}}, metav1.CreateOptions{})
	return err
}

// check runs the built program as a user would, and reads its report.
func check(t *testing.T, kubeconfig string, more ...string) (r preflight.Report) {
	t.Helper()
	if _, err := program.Ask(t, rig.Tool(t), &r, "check", kubeconfig, more...); err != nil {
		t.Fatal(err)
	}
	return r
}
