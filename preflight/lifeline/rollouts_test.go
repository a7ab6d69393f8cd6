package lifeline

import (
	"slices"
	"strings"
	"testing"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/gke-preflight/gke-preflight/preflight/admission"
	"github.com/gke-preflight/gke-preflight/preflight/bootstrap"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// TestRollouts: what GKE changes is rolled out where GKE keeps it, by the controllers of
// what runs there; users' own templates are not changed by an upgrade.
func TestRollouts(t *testing.T) {
	agent := facts.PodGroup{Namespace: "gmp-system", Kind: daemonSet, Name: "collector", Keeper: facts.OfGKE}
	users := agent
	users.Namespace, users.Keeper = "web", facts.OfUser
	all := []facts.PodGroup{
		{Namespace: system, Kind: "Deployment", Name: dns, Labels: map[string]string{"pod-template-hash": "abc"}}, {Namespace: system, Kind: "StatefulSet", Name: "state"},
		{Namespace: system, Kind: "ReplicaSet", Name: "bare"}, agent, users,
	}
	far := admissionregistrationv1.ValidatingWebhookConfiguration{Webhooks: []admissionregistrationv1.ValidatingWebhook{{Name: "far.example.com",
		MatchConditions: []admissionregistrationv1.MatchCondition{{Name: "there", Expression: "!has(request.namespace) || request.namespace != 'kube-system'"}}, Rules: everything()}}}
	for name, c := range map[string]struct {
		groups facts.Observation
		want   []string
	}{
		"what is there": {facts.Present(facts.PodGroups, all), []string{
			"CREATE controllerrevisions.apps gmp-system/collector", "CREATE controllerrevisions.apps kube-system/konnectivity-agent", "CREATE controllerrevisions.apps kube-system/state", "CREATE replicasets.apps kube-system/kube-dns"}},
		"pods are not known": {facts.Absent(facts.PodGroups, facts.Forbidden, "no"), []string{
			"CREATE controllerrevisions.apps kube-system/any-set", "CREATE controllerrevisions.apps kube-system/konnectivity-agent", "CREATE replicasets.apps kube-system/kube-dns"}},
	} {
		var got []string
		s := cluster("1.36.3", c.groups, facts.Present(facts.ValidatingWebhooks, []admissionregistrationv1.ValidatingWebhookConfiguration{far}))
		for _, w := range line(t, s, Rollouts).Writes {
			if w.Operation == bootstrap.Create {
				got = append(got, strings.TrimSuffix(w.Key(), "-5d8c9f7b6"))
			}
			if w.Resource == replicaSet.resource && name == "what is there" && (len(w.From) != 1 || w.From[0].Name != "kube-dns-abc" || !w.From[0].OneOf) {
				t.Errorf("%s is made of %v, want of the ReplicaSet that there is, for one of others", w.Key(), w.From)
			}
		}
		slices.Sort(got)
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

func everything() []admissionregistrationv1.RuleWithOperations {
	return []admissionregistrationv1.RuleWithOperations{{
		Operations: []admissionregistrationv1.OperationType{admissionregistrationv1.OperationAll},
		Rule:       admissionregistrationv1.Rule{APIGroups: []string{"*"}, APIVersions: []string{"*"}, Resources: []string{"*/*"}},
	}}
}

// TestByWhom: a webhook that goes by who makes a write sees it on the line that is lost with
// it, and one that leaves that user out does not.
func TestByWhom(t *testing.T) {
	const sa = "system:serviceaccount:kube-system:"
	budgets := facts.Present(facts.DisruptionBudgets, []facts.DisruptionBudget{{Namespace: "web", Name: "front"}})
	for _, c := range []struct{ line, user, write string }{
		{Rollouts, sa + "deployment-controller", "CREATE replicasets.apps kube-system/kube-dns-5d8c9f7b6"},
		{Rollouts, sa + "deployment-controller", "UPDATE replicasets.apps kube-system/kube-dns-5d8c9f7b6"},
		{Rollouts, sa + "daemon-set-controller", "CREATE controllerrevisions.apps kube-system/konnectivity-agent-5d8c9f7b6"},
		{Evictions, "system:apiserver", "UPDATE poddisruptionbudgets.policy/status web/front"},
		{"pod deletions", sa + "pod-garbage-collector", "UPDATE pods/status opa/opa"},
		{SpareNodes, "cluster-autoscaler", "UPDATE nodes n1"},
		{"persistent volumes", "system:kube-scheduler", "UPDATE persistentvolumeclaims opa/any-claim"},
		{"persistent volumes", "system:kube-scheduler", "UPDATE persistentvolumes pvc-00000000-0000-0000-0000-000000000000"},
	} {
		for condition, want := range map[string]bool{"request.userInfo.username == '" + c.user + "'": true, "request.userInfo.username != '" + c.user + "'": false} {
			hook := admissionregistrationv1.ValidatingWebhookConfiguration{Webhooks: []admissionregistrationv1.ValidatingWebhook{{Name: "h.example.com", Rules: everything(),
				MatchConditions: []admissionregistrationv1.MatchCondition{{Name: "who", Expression: condition}}}}}
			s := cluster("1.36.3", budgets, facts.Present(facts.ValidatingWebhooks, []admissionregistrationv1.ValidatingWebhookConfiguration{hook}))
			seen := slices.ContainsFunc(line(t, s, c.line).Writes, func(w bootstrap.Write) bool {
				return w.Key() == c.write && w.User.Name == c.user && len(admission.For(s).Match(w)) > 0
			})
			if seen != want {
				t.Errorf("by %s, who is for %s, %s is seen: %t", condition, c.line, c.write, seen)
			}
		}
	}
}

// TestCounted: the API server counts evictions where there are budgets, and long after it
// has started.
func TestCounted(t *testing.T) {
	for want, o := range map[string]facts.Observation{
		"web/front":      facts.Present(facts.DisruptionBudgets, []facts.DisruptionBudget{{Namespace: "web", Name: "front"}}),
		"":               facts.Present(facts.DisruptionBudgets, []facts.DisruptionBudget{}),
		"opa/any-budget": facts.Absent(facts.DisruptionBudgets, facts.Forbidden, "no"),
	} {
		got := ""
		for _, w := range line(t, cluster("1.36.3", o), Evictions).Writes {
			if w.Resource == budget.resource {
				got += w.Namespace + "/" + w.Name
				if w.AtStart() || w.Writer() != bootstrap.Loopback.Name {
					t.Errorf("%s by %s is taken for a write of a start", w.Key(), w.Writer())
				}
			}
		}
		if got != want {
			t.Errorf("counted in the status of %q, want %q", got, want)
		}
	}
}

// TestNoted: a real object gets what its like get, and keeps what it has.
func TestNoted(t *testing.T) {
	s := cluster("1.36.3", facts.Present(facts.PodGroups, []facts.PodGroup{{Namespace: "web", Kind: "Deployment", Name: "front", Example: "front-0"}}))
	real := func(of string, by string, live string) *unstructured.Unstructured {
		for _, w := range line(t, s, of).Writes {
			if w.User.Name == by && w.Operation == bootstrap.Update && w.Object.GetKind() == parsed(t, live).GetKind() {
				r, _ := Real(w, Found{Object: parsed(t, live)})
				return r.Object
			}
		}
		t.Fatalf("%s writes nothing on the line of %s", by, of)
		return nil
	}
	n := real(SpareNodes, "cluster-autoscaler", `{"apiVersion":"v1","kind":"Node","metadata":{"name":"n1"},"spec":{"taints":[{"key":"mine","effect":"NoSchedule"}]}}`)
	if taints, _, _ := unstructured.NestedSlice(n.Object, "spec", "taints"); len(taints) != 2 {
		t.Errorf("the node has taints %v", taints)
	}
	p := real("pod deletions", "system:serviceaccount:kube-system:pod-garbage-collector", `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"front-0","namespace":"web"},"status":{"phase":"Running","podIP":"10.0.0.1"}}`)
	phase, _, _ := unstructured.NestedString(p.Object, "status", "phase")
	if ip, _, _ := unstructured.NestedString(p.Object, "status", "podIP"); phase != "Failed" || ip == "" {
		t.Errorf("the pod is %s at %q", phase, ip)
	}
	c := real("persistent volumes", "system:kube-scheduler", `{"apiVersion":"v1","kind":"PersistentVolumeClaim","metadata":{"name":"data","namespace":"web","annotations":{"mine":"1"}}}`)
	if a := c.GetAnnotations(); a[selectedNode] != "n1" || a["mine"] != "1" {
		t.Errorf("the claim has annotations %v", a)
	}
}
