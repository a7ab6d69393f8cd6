package main

import (
	"context"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	flowcontrolv1 "k8s.io/api/flowcontrol/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/wait"
	auditv1 "k8s.io/apiserver/pkg/apis/audit/v1"
	"k8s.io/client-go/dynamic"

	"github.com/gke-preflight/gke-preflight/gke/kube"
	"github.com/gke-preflight/gke-preflight/preflight/bootstrap"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/testdata/controlplane"
)

func TestPlanComesTrue(t *testing.T) {
	for _, c := range []struct {
		name, from, to string
		touch          func(*testing.T, *controlplane.Cluster)
		// want are writes that must be among the planned ones.
		want []string
	}{
		{"untouched", "1.35", "1.36", nil, []string{
			"CREATE clusterrolebindings.rbac.authorization.k8s.io system:controller:device-taint-eviction-controller",
			"CREATE clusterroles.rbac.authorization.k8s.io system:controller:device-taint-eviction-controller",
			"UPDATE clusterroles.rbac.authorization.k8s.io system:controller:pvc-protection-controller",
			"UPDATE clusterroles.rbac.authorization.k8s.io system:controller:resource-claim-controller",
			"UPDATE clusterroles.rbac.authorization.k8s.io system:kube-scheduler",
			"UPDATE clusterroles.rbac.authorization.k8s.io system:monitoring",
		}},
		{"same minor", "1.36", "1.36", nil, nil},
		{"touched", "1.35", "1.36", touch, []string{
			"CREATE apiservices.apiregistration.k8s.io v1.batch",
			"CREATE clusterrolebindings.rbac.authorization.k8s.io system:basic-user",
			"CREATE configmaps kube-system/kube-apiserver-legacy-service-account-token-tracking",
			"CREATE flowschemas.flowcontrol.apiserver.k8s.io kube-scheduler",
			"DELETE clusterrolebindings.rbac.authorization.k8s.io system:basic-user",
			"DELETE flowschemas.flowcontrol.apiserver.k8s.io retired",
			"UPDATE clusterroles.rbac.authorization.k8s.io system:node",
			"UPDATE flowschemas.flowcontrol.apiserver.k8s.io probes",
			"UPDATE flowschemas.flowcontrol.apiserver.k8s.io/status kube-scheduler",
			"UPDATE rolebindings.rbac.authorization.k8s.io kube-system/system::leader-locking-kube-scheduler",
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			cluster := controlplane.Start(t, controlplane.Options{Minor: c.from})
			joined(t, cluster)
			if c.touch != nil {
				c.touch(t, cluster)
			}
			s := facts.New(facts.Meta{Target: c.to, CollectedAt: time.Now()}, kube.Collect(t.Context(), cluster.Config, kube.Options{})...)
			plan := bootstrap.Of(s)
			if plan.Problem != "" || plan.Unknown != nil {
				t.Fatalf("problem %q, unknown %v", plan.Problem, plan.Unknown)
			}
			cluster.First.Stop()
			outcome, err := cluster.Upgrade(t.Context(), c.to, controlplane.UpgradeOptions{Settle: settled})
			if err != nil || outcome.State != controlplane.Ready {
				t.Fatalf("%s: %v", outcome, err)
			}
			compare(t, plan, outcome.Writes)
			keys := slices.Sorted(maps.Keys(plannedWrites(plan)))
			for _, w := range c.want {
				if !slices.Contains(keys, w) {
					t.Errorf("not planned: %s", w)
				}
			}
		})
	}
}

// joined waits until the first API server has written its address, which it does
// when it is ready and as the last of all.
func joined(t *testing.T, c *controlplane.Cluster) {
	t.Helper()
	err := wait.PollUntilContextTimeout(t.Context(), 100*time.Millisecond, time.Minute, true, func(ctx context.Context) (bool, error) {
		_, err := c.Client.DiscoveryV1().EndpointSlices(metav1.NamespaceDefault).Get(ctx, "kubernetes", metav1.GetOptions{})
		return err == nil, nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// compare holds the plan against what was written. The same writes must be in
// both, with the same objects where the object can be known. A planned write
// with a condition may be missing. The identity lease goes by the catalogue's
// name in both.
func compare(t *testing.T, plan bootstrap.Plan, events []auditv1.Event) {
	t.Helper()
	planned, written := plannedWrites(plan), successful(events)
	for _, key := range slices.Sorted(maps.Keys(planned)) {
		if _, ok := written[key]; !ok && planned[key].Condition == "" {
			t.Errorf("planned and not written: %s", key)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(written)) {
		w, ok := planned[key]
		if !ok {
			t.Errorf("written and not planned: %s", key)
			continue
		}
		if w.Object == nil || w.EveryStart || w.Condition != "" {
			continue
		}
		got, err := write(written[key])
		if err != nil {
			t.Errorf("%s: %v", key, err)
			continue
		}
		want, err := steady(w.Object.DeepCopy().Object)
		if err != nil {
			t.Errorf("%s: %v", key, err)
			continue
		}
		if d := cmp.Diff(want, got.Object.Object); d != "" {
			t.Errorf("%s (- planned, + written):\n%s", key, d)
		}
	}
}

func plannedWrites(plan bootstrap.Plan) map[string]bootstrap.Write {
	all := map[string]bootstrap.Write{}
	for _, w := range plan.Writes {
		all[w.Key()] = w
	}
	return all
}

// successful are the writes that were made, by the key that the plan gives
// them, the last of each.
func successful(events []auditv1.Event) map[string]auditv1.Event {
	all := map[string]auditv1.Event{}
	for _, e := range events {
		if e.ResponseStatus == nil || e.ResponseStatus.Code >= 300 {
			continue
		}
		ref := *e.ObjectRef
		w := bootstrap.Write{
			Operation: bootstrap.Operation(strings.ToUpper(e.Verb)), Subresource: ref.Subresource,
			Resource:  schema.GroupVersionResource{Group: ref.APIGroup, Resource: ref.Resource},
			Namespace: ref.Namespace, Name: steadyString(ref.Name),
		}
		if e.Verb == "patch" {
			w.Operation = bootstrap.Update
		}
		all[w.Key()] = e
	}
	return all
}

// touch changes a 1.35 in the ways in which people do. The API server that runs
// puts back what it looks after each minute, and only then.
func touch(t *testing.T, c *controlplane.Cluster) {
	t.Helper()
	ctx := t.Context()
	rbac, apf := c.Client.RbacV1(), c.Client.FlowcontrolV1()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(change(ctx, "system:kube-scheduler", rbac.ClusterRoles(), func(r *rbacv1.ClusterRole) {
		r.Annotations[rbacv1.AutoUpdateAnnotationKey] = "false"
	}))
	must(change(ctx, "system:node", rbac.ClusterRoles(), func(r *rbacv1.ClusterRole) {
		r.Labels, r.Rules = map[string]string{"team": "a"}, r.Rules[3:]
	}))
	must(rbac.ClusterRoleBindings().Delete(ctx, "system:basic-user", metav1.DeleteOptions{}))
	elsewhere := &rbacv1.ClusterRoleBinding{RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "view"}}
	elsewhere.Name = "system:basic-user"
	_, err := rbac.ClusterRoleBindings().Create(ctx, elsewhere, metav1.CreateOptions{})
	must(err)
	must(change(ctx, "system::leader-locking-kube-scheduler", rbac.RoleBindings(metav1.NamespaceSystem), func(b *rbacv1.RoleBinding) {
		b.Subjects = b.Subjects[1:]
	}))
	must(change(ctx, "probes", apf.FlowSchemas(), func(s *flowcontrolv1.FlowSchema) { s.Spec.MatchingPrecedence = 7 }))
	must(change(ctx, "system-nodes", apf.FlowSchemas(), func(s *flowcontrolv1.FlowSchema) {
		s.Spec.MatchingPrecedence, s.Annotations = 501, map[string]string{flowcontrolv1.AutoUpdateAnnotationKey: "false"}
	}))
	must(apf.FlowSchemas().Delete(ctx, "kube-scheduler", metav1.DeleteOptions{}))
	retired := &flowcontrolv1.FlowSchema{Spec: flowcontrolv1.FlowSchemaSpec{
		PriorityLevelConfiguration: flowcontrolv1.PriorityLevelConfigurationReference{Name: "workload-low"}, MatchingPrecedence: 9000,
	}}
	retired.Name, retired.Annotations = "retired", map[string]string{flowcontrolv1.AutoUpdateAnnotationKey: "true"}
	_, err = apf.FlowSchemas().Create(ctx, retired, metav1.CreateOptions{})
	must(err)
	must(c.Client.CoreV1().ConfigMaps(metav1.NamespaceSystem).Delete(ctx, "kube-apiserver-legacy-service-account-token-tracking", metav1.DeleteOptions{}))
	dyn, err := dynamic.NewForConfig(c.Config)
	must(err)
	apiServices := dyn.Resource(schema.GroupVersionResource{Group: "apiregistration.k8s.io", Version: "v1", Resource: "apiservices"})
	must(apiServices.Delete(ctx, "v1.batch", metav1.DeleteOptions{}))
	_, err = apiServices.Create(ctx, otherAPIService(), metav1.CreateOptions{})
	must(err)
}

// otherAPIService is one that an API server of another configuration left behind.
func otherAPIService() *unstructured.Unstructured {
	u := &unstructured.Unstructured{Object: map[string]any{"spec": map[string]any{
		"group": "batch", "version": "v1beta1", "groupPriorityMinimum": int64(17400), "versionPriority": int64(9),
	}}}
	u.SetAPIVersion("apiregistration.k8s.io/v1")
	u.SetKind("APIService")
	u.SetName("v1beta1.batch")
	u.SetLabels(map[string]string{"kube-aggregator.kubernetes.io/automanaged": "onstart"})
	return u
}

// change gets an object, changes it and puts it back.
func change[T any](ctx context.Context, name string, client interface {
	Get(context.Context, string, metav1.GetOptions) (*T, error)
	Update(context.Context, *T, metav1.UpdateOptions) (*T, error)
}, f func(*T)) error {
	object, err := client.Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return err
	}
	f(object)
	_, err = client.Update(ctx, object, metav1.UpdateOptions{})
	return err
}
