package lifeline

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/util/retry"

	"github.com/gke-preflight/gke-preflight/gke/controlplane"
	"github.com/gke-preflight/gke-preflight/gke/controlplane/rig"
	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/forecast"
	"github.com/gke-preflight/gke-preflight/preflight/lifeline"
	"github.com/gke-preflight/gke-preflight/preflight/remedy"
)

// criticalByQuota is how GCE's API servers are told to admit critical pods only where a
// quota is for them (kubernetes cluster/gce/gci/configure-helper.sh, ResourceQuota:
// limitedResources).
const criticalByQuota = `apiVersion: apiserver.config.k8s.io/v1
kind: AdmissionConfiguration
plugins:
- name: ResourceQuota
  configuration:
    apiVersion: apiserver.config.k8s.io/v1
    kind: ResourceQuotaConfiguration
    limitedResources:
    - resource: pods
      matchScopes:
      - scopeName: PriorityClass
        operator: In
        values: [system-node-critical, system-cluster-critical]
`

// TestSilentOnce is about what recordings were passed over in silence with, in a cluster
// like theirs.
func TestSilentOnce(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "admission.yaml")
	all(t, os.WriteFile(file, []byte(criticalByQuota), 0o600))
	k := rig.Start(t, controlplane.Options{Flags: []string{"--admission-control-config-file=" + file}})
	prepare(t, k)
	populate(t, k)
	trusted(t, k)
	t.Run("a policy on definitions", func(t *testing.T) { definitionsOfOneGroup(t, k) })
	t.Run("critical pods", func(t *testing.T) { criticalPods(t, k) })
}

// definitionsOfOneGroup is about the policy that Gateway API is installed with: it lets the
// definitions of other groups pass, and what it says of its own hangs on what they are
// made or updated to, which no cluster tells. One that is for users' groups is no concern.
func definitionsOfOneGroup(t *testing.T, k *rig.Cluster) {
	ctx := t.Context()
	const group, bundle, own = "gateway.networking.k8s.io", "gateway.networking.k8s.io/bundle-version", "own.example.org"
	onlyLater := func(group string) {
		forbid(t, k, "safe-upgrades."+group, definitions.GroupResource(),
			[]admissionregistrationv1.OperationType{admissionregistrationv1.Create, admissionregistrationv1.Update},
			"object.spec.group != '"+group+"' || (has(object.metadata.annotations) && !object.metadata.annotations['"+bundle+"'].matches('v1.[0-4].\\\\d+'))")
	}
	onlyLater(own)
	foretold(t, check(t, k.Kubeconfig), map[string]forecast.Fate{lifeline.Definitions: forecast.Kept})
	onlyLater(group)
	dyn, err := dynamic.NewForConfig(as(t, k, addons).Config)
	if err != nil {
		t.Fatal(err)
	}
	gateways := func(version string) *unstructured.Unstructured {
		d := definition()
		d.SetName("gateways." + group)
		d.SetAnnotations(map[string]string{bundle: version, "api-approved.kubernetes.io": "https://github.com/kubernetes-sigs/gateway-api/pull/2997"})
		all(t, unstructured.SetNestedField(d.Object, group, "spec", "group"),
			unstructured.SetNestedMap(d.Object, map[string]any{"plural": "gateways", "singular": "gateway", "kind": "Gateway"}, "spec", "names"))
		return d
	}
	eventually(t, "the policy denies an earlier release", func() bool {
		err := ignore(dyn.Resource(definitions).Create(ctx, gateways("v1.4.0"), metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}}))
		return apierrors.IsInvalid(err) || apierrors.IsForbidden(err)
	})
	foretold(t, check(t, k.Kubeconfig), map[string]forecast.Fate{lifeline.Definitions: forecast.Open})
	if err := updatesDefinition(ctx, as(t, k, addons), "any"); err != nil {
		t.Errorf("the policy stops a definition of another group: %v", err)
	}
	all(t, ignore(dyn.Resource(definitions).Create(ctx, gateways("v1.5.0"), metav1.CreateOptions{})))
	foretold(t, check(t, k.Kubeconfig), map[string]forecast.Fate{lifeline.Definitions: forecast.Open})
	for version, refused := range map[string]bool{"v1.4.0": true, "v1.5.1": false} {
		err := retry.RetryOnConflict(retry.DefaultRetry, func() error {
			d, err := dyn.Resource(definitions).Get(ctx, "gateways."+group, metav1.GetOptions{})
			if err != nil {
				return err
			}
			d.SetAnnotations(gateways(version).GetAnnotations())
			return ignore(dyn.Resource(definitions).Update(ctx, d, metav1.UpdateOptions{}))
		})
		if (err != nil) != refused {
			t.Errorf("an update to %s ends in %v", version, err)
		}
	}
}

// criticalPods is about the pods behind a webhook of which GKE admits others by a quota
// alone: there is none, and what is advised is one. The webhook hangs, and sees pods of a
// label that no template has until one has it.
func criticalPods(t *testing.T, k *rig.Cluster) {
	ctx := t.Context()
	const namespace, name, label = "odigos-system", "odigos-instrumentor", "odigos.io/instrument"
	inhabited(t, k, namespace)
	critical := func(name string, dryRun ...string) error {
		p := aPod(name, node, owned("ReplicaSet", "odigos-instrumentor-7d9f8b6c5"))
		p.Labels = map[string]string{"app": "odigos-instrumentor", "pod-template-hash": "7d9f8b6c5"}
		p.Spec.PriorityClassName = "system-cluster-critical"
		return ignore(as(t, k, replicaSets).Client.CoreV1().Pods(namespace).Create(ctx, p, metav1.CreateOptions{DryRun: dryRun}))
	}
	quotas := k.Client.CoreV1().ResourceQuotas(namespace)
	if err := critical(name); !unquoted(err) {
		t.Fatalf("without a quota a critical pod ends in %v", err)
	}
	earlier := &corev1.ResourceQuota{ObjectMeta: metav1.ObjectMeta{Name: "earlier"}, Spec: corev1.ResourceQuotaSpec{
		Hard: corev1.ResourceList{corev1.ResourcePods: resource.MustParse("10")}, Scopes: []corev1.ResourceQuotaScope{corev1.ResourceQuotaScopePriorityClass}}}
	all(t, ignore(quotas.Create(ctx, earlier, metav1.CreateOptions{})))
	counted(t, k, namespace)
	eventually(t, "the quota admits a critical pod", func() bool { return critical(name) == nil })
	all(t, quotas.Delete(ctx, earlier.Name, metav1.DeleteOptions{}))
	eventually(t, "no quota admits another", func() bool { return unquoted(critical("another", metav1.DryRunAll)) })

	b, err := k.StartBackend(ctx, rig.BackendOptions{Namespace: namespace, Service: name, Pod: name, Node: node, Behaviour: controlplane.HangAfterTLS()})
	all(t, err, k.Mutate(ctx, "odigos-pod-webhook", b.ClientConfig("/"), func(w *admissionregistrationv1.MutatingWebhook) {
		w.TimeoutSeconds = new(int32(1))
		w.Rules[0].Operations = []admissionregistrationv1.OperationType{admissionregistrationv1.Create}
		w.Rules[0].APIGroups, w.Rules[0].Resources = []string{""}, []string{"pods"}
		w.ObjectSelector = &metav1.LabelSelector{MatchLabels: map[string]string{label: "true"}}
	}))
	r := check(t, k.Kubeconfig, "--vantage", "pod-network")
	foretold(t, r, map[string]forecast.Fate{"pods of applications": forecast.Kept, "pods of DaemonSets": forecast.Kept, "pods of kube-system": forecast.Open})
	quota := cureOf(t, r, "GP417")
	if err := critical("another"); !unquoted(err) {
		t.Errorf("without a quota another critical pod ends in %v", err)
	}
	if err := creates(shop)(ctx, as(t, k, replicaSets), "plain"); err != nil {
		t.Errorf("a pod that is not instrumented ends in %v", err)
	}
	all(t, k.Apply(ctx, namespace, quota))
	counted(t, k, namespace)
	eventually(t, "what is advised admits another", func() bool { return critical("another") == nil })

	instrumented := map[string]string{"app": "app", label: "true"}
	app, err := k.Client.AppsV1().ReplicaSets(shop).Get(ctx, "app", metav1.GetOptions{})
	all(t, err)
	app.Spec.Template.Labels = instrumented
	all(t, ignore(k.Client.AppsV1().ReplicaSets(shop).Update(ctx, app, metav1.UpdateOptions{})))
	r = check(t, k.Kubeconfig, "--vantage", "pod-network")
	foretold(t, r, map[string]forecast.Fate{"pods of applications": forecast.Lost, "pods of DaemonSets": forecast.Kept})
	again := aPod("instrumented", "", owned("ReplicaSet", "app"))
	again.Labels = instrumented
	if err := ignore(as(t, k, replicaSets).Client.CoreV1().Pods(shop).Create(ctx, again, metav1.CreateOptions{})); err == nil {
		t.Error("a pod passes that is instrumented")
	}
	if cureOf(t, r, "GP417") != nil {
		t.Error("a quota allows the pods, and one is advised")
	}
}

// unquoted reports whether the API server refused a pod for want of a quota.
func unquoted(err error) bool {
	return err != nil && strings.Contains(err.Error(), "insufficient quota to match these scopes")
}

// counted has the quotas count, as their controller does.
func counted(t *testing.T, k *rig.Cluster, namespace string) {
	t.Helper()
	quotas := k.Client.CoreV1().ResourceQuotas(namespace)
	found, err := quotas.List(t.Context(), metav1.ListOptions{})
	all(t, err)
	for _, q := range found.Items {
		q.Status = corev1.ResourceQuotaStatus{Hard: q.Spec.Hard, Used: corev1.ResourceList{corev1.ResourcePods: resource.MustParse("1")}}
		all(t, ignore(quotas.UpdateStatus(t.Context(), &q, metav1.UpdateOptions{})))
	}
}

// cureOf are the objects that the check advises to apply; none where it finds nothing.
func cureOf(t *testing.T, r preflight.Report, check string) (objects []*unstructured.Unstructured) {
	t.Helper()
	for _, f := range r.Findings {
		for _, s := range f.Steps {
			for _, c := range s.Commands {
				if f.Check == check && c.Kind == remedy.Manifest {
					found, err := rig.Objects([]byte(c.Text))
					all(t, err)
					objects = append(objects, found...)
				}
			}
		}
	}
	return objects
}

// eventually waits for what an API server takes up within moments.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for until := time.Now().Add(time.Minute); !holds(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(until) {
			t.Fatalf("within a minute it does not come about that %s", what)
		}
	}
}
