package checks

import (
	"slices"
	"testing"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// onBatch is the healthy cluster with these groups of Pods besides, in namespaces ci and
// shop. Each webhook is on one resource, those of a namespace alone by its label.
func onBatch(t *testing.T, hooks []admissionregistrationv1.ValidatingWebhookConfiguration, groups ...facts.PodGroup) *facts.Snapshot {
	t.Helper()
	s := surging(allClear(t), facts.UpgradeSettings{MaxSurge: 1})
	namespaces := append(slices.Clone(facts.Namespaces.Of(s)), facts.Namespace{Name: "ci", Labels: map[string]string{"kubernetes.io/metadata.name": "ci"}})
	return s.With(facts.Present(facts.ValidatingWebhooks, hooks), facts.Present(facts.Namespaces, namespaces),
		facts.Present(facts.PodGroups, append(slices.Clone(facts.PodGroups.Of(s)), groups...)))
}

// guards is a webhook on what is made or updated of the resource in the namespace, whose
// Service is there or not.
func guards(name, namespace, group, resource, service string) admissionregistrationv1.ValidatingWebhookConfiguration {
	none, fail := admissionregistrationv1.SideEffectClassNone, admissionregistrationv1.Fail
	return admissionregistrationv1.ValidatingWebhookConfiguration{ObjectMeta: metav1.ObjectMeta{Name: name}, Webhooks: []admissionregistrationv1.ValidatingWebhook{{
		Name: name + ".example.com", SideEffects: &none, FailurePolicy: &fail, AdmissionReviewVersions: []string{"v1"},
		ClientConfig:      admissionregistrationv1.WebhookClientConfig{Service: &admissionregistrationv1.ServiceReference{Namespace: "opa", Name: service}},
		NamespaceSelector: &metav1.LabelSelector{MatchLabels: map[string]string{"kubernetes.io/metadata.name": namespace}},
		Rules: []admissionregistrationv1.RuleWithOperations{{
			Operations: []admissionregistrationv1.OperationType{admissionregistrationv1.Create, admissionregistrationv1.Update},
			Rule:       admissionregistrationv1.Rule{APIGroups: []string{group}, APIVersions: []string{"*"}, Resources: []string{resource}},
		}},
	}}}
}

// of129 is the verdict by what GP129 says of lifelines, or of all for want of a fact.
func of129(r preflight.Report) preflight.Verdict {
	switch {
	case slices.ContainsFunc(r.Findings, func(f preflight.Finding) bool { return f.Check == "GP129" && f.Severity == preflight.Blocker }):
		return preflight.NotReady
	case slices.ContainsFunc(r.Steps[1].LeftOpen, func(o preflight.Obstacle) bool {
		return o.Check == "GP129" && (o.Subject.Kind == "Lifeline" || o.Subject.Kind == "Cluster" || o.Subject == (preflight.Subject{}))
	}):
		return preflight.Inconclusive
	}
	return preflight.Ready
}

// What a webhook rejects of Pods that run on another node pool is a warning at most to the
// pool that is upgraded; what may be of its own, and what is of no Pods, is as it is for all.
func TestLostOnAnotherPool(t *testing.T) {
	type hooks = []admissionregistrationv1.ValidatingWebhookConfiguration
	const ready, not, open = preflight.Ready, preflight.NotReady, preflight.Inconclusive
	group := func(namespace, kind, name string, pools map[string]int32) facts.PodGroup {
		return facts.PodGroup{Namespace: namespace, Kind: kind, Name: name, Example: name + "-x2kqn", Labels: map[string]string{"app": name}, Pods: 2, Ready: 2, Pools: pools}
	}
	batch, other := map[string]int32{"batch": 2}, map[string]int32{"default-pool": 2}
	web := group("ci", "ReplicaSet", "web", batch)
	dead := guards("dead", "ci", "", "pods", "gone")
	budget := facts.Present(facts.DisruptionBudgets, []facts.DisruptionBudget{{Namespace: "ci", Name: "web", Selector: map[string]string{"app": "web"}, DisruptionsAllowed: 1, ExpectedPods: 2, Healthy: 2, DesiredHealthy: 1}})
	for name, c := range map[string]struct {
		s                     *facts.Snapshot
		onBatch, onOther, all preflight.Verdict
	}{
		"its Pods are on batch":                           {onBatch(t, hooks{dead}, web), not, ready, not},
		"some are on each":                                {onBatch(t, hooks{dead}, group("ci", "ReplicaSet", "web", map[string]int32{"batch": 1, "default-pool": 1})), not, not, not},
		"others of it are on the other":                   {onBatch(t, hooks{dead}, web, group("ci", "ReplicaSet", "api", other)), not, not, not},
		"those of others are":                             {onBatch(t, hooks{dead}, web, group("shop", "ReplicaSet", "cart", other)), not, ready, not},
		"an agent is on batch":                            {onBatch(t, hooks{dead}, group("ci", "DaemonSet", "agent", batch)), not, ready, not},
		"its evictions":                                   {onBatch(t, hooks{guards("dead", "ci", "", "pods/eviction", "gone")}, web), not, ready, not},
		"its budgets":                                     {onBatch(t, hooks{guards("dead", "ci", "policy", "poddisruptionbudgets/status", "gone")}, web).With(budget), not, ready, not},
		"what is of no Pods":                              {onBatch(t, hooks{guards("dead", "ci", "storage.k8s.io", "csinodes", "gone")}, web), not, not, not},
		"both":                                            {onBatch(t, hooks{dead, guards("volumes", "ci", "storage.k8s.io", "csinodes", "gone")}, web), not, not, not},
		"each on a pool of its own":                       {onBatch(t, hooks{dead, guards("too", "shop", "", "pods", "gone")}, web, group("shop", "ReplicaSet", "cart", other)), not, not, not},
		"open on batch":                                   {onBatch(t, hooks{guards("slow", "ci", "", "pods", "opa")}, web), open, ready, open},
		"open on the other beside a loss":                 {onBatch(t, hooks{dead, guards("slow", "shop", "", "pods", "opa")}, web, group("shop", "ReplicaSet", "cart", other)), not, not, not},
		"nobody saw on which they are":                    {onBatch(t, hooks{dead}, group("ci", "ReplicaSet", "web", nil)), not, not, not},
		"one is on no node":                               {onBatch(t, hooks{dead}, group("ci", "ReplicaSet", "web", map[string]int32{"batch": 1, "": 1})), not, not, not},
		"Pods could not be read":                          {onBatch(t, hooks{dead}, web).With(facts.Absent(facts.PodGroups, facts.Forbidden, "no")), open, open, open},
		"other webhooks could not be read":                {onBatch(t, hooks{dead}, web).With(facts.Absent(facts.MutatingWebhooks, facts.Forbidden, "no")), not, open, not},
		"namespaces were not read, of which it names one": {onBatch(t, hooks{dead}, web).With(facts.Absent(facts.Namespaces, facts.Forbidden, "no")), not, ready, not},
	} {
		t.Run(name, func(t *testing.T) {
			for pools, want := range map[string]preflight.Verdict{"batch": c.onBatch, "default-pool": c.onOther, "": c.all} {
				var only []string
				if pools != "" {
					only = []string{pools}
				}
				r := reportOn(c.s, nodesAlone, only...)
				if got := of129(r); got != want {
					t.Errorf("pool %q is %s, want %s", pools, got, want)
				}
				if want == ready && c.all == not && !slices.ContainsFunc(r.Findings, func(f preflight.Finding) bool { return f.Check == "GP129" && f.Severity == preflight.Warning }) {
					t.Errorf("pool %q is not told of it at all", pools)
				}
			}
		})
	}
}

// The verdict of one pool follows: it is not ready for what others lose.
func TestVerdictBesideALossElsewhere(t *testing.T) {
	s := onBatch(t, []admissionregistrationv1.ValidatingWebhookConfiguration{guards("dead", "ci", "", "pods", "gone")},
		facts.PodGroup{Namespace: "ci", Kind: "ReplicaSet", Name: "web", Example: "web-x2kqn", Labels: map[string]string{"app": "web"}, Pods: 2, Ready: 2, Pools: map[string]int32{"batch": 2}})
	for pool, want := range map[string]preflight.Verdict{"batch": preflight.NotReady, "default-pool": preflight.Ready} {
		if r := reportOn(s, nodesAlone, pool); r.Verdict != want {
			t.Errorf("%s: %s, want %s: %v", pool, r.Verdict, want, r.Open)
		}
	}
}
