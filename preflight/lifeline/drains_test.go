package lifeline

import (
	"slices"
	"testing"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/gke-preflight/gke-preflight/preflight/admission"
	"github.com/gke-preflight/gke-preflight/preflight/bootstrap"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// TestMakers: a webhook that goes by which controller makes a pod sees the pods of that
// controller, where the namespace has some of it beside those of others.
func TestMakers(t *testing.T) {
	all := []facts.PodGroup{
		{Namespace: "shop", Kind: "ReplicaSet", Name: "cart", Pods: 3}, {Namespace: "shop", Kind: "Job", Name: "mig", Pods: 3}, {Namespace: "shop", Kind: "StatefulSet", Name: "db", Pods: 3},
	}
	for kind, controller := range map[string]string{"ReplicaSet": deployments, "Job": jobs, "StatefulSet": statefulSets} {
		of := func(g facts.PodGroup) bool { return g.Kind == kind }
		for name, c := range map[string]struct {
			groups []facts.PodGroup
			sees   bool
		}{"all": {all, true}, "the others": {slices.DeleteFunc(slices.Clone(all), of), false}} {
			guard := admissionregistrationv1.ValidatingWebhookConfiguration{Webhooks: []admissionregistrationv1.ValidatingWebhook{{
				Name: "guard.example.com", MatchConditions: []admissionregistrationv1.MatchCondition{{Name: "by", Expression: `request.userInfo.username.endsWith(":` + controller + `")`}},
				Rules: []admissionregistrationv1.RuleWithOperations{{
					Operations: []admissionregistrationv1.OperationType{admissionregistrationv1.Create},
					Rule:       admissionregistrationv1.Rule{APIGroups: []string{""}, APIVersions: []string{"v1"}, Resources: []string{"pods"}},
				}},
			}}}
			s := cluster("1.36.3", facts.Present(facts.PodGroups, c.groups), facts.Present(facts.ValidatingWebhooks, []admissionregistrationv1.ValidatingWebhookConfiguration{guard}))
			l := line(t, s, "pods of applications")
			sees := slices.ContainsFunc(l.Writes, func(w bootstrap.Write) bool { return len(admission.For(s).Match(w)) > 0 })
			if sees != c.sees {
				t.Errorf("a webhook on %s's pods sees some with %s: %t", controller, name, sees)
			}
		}
	}
}

// TestBudgets: the status of those that are there is written, and of one made up only where
// it is not known which those are.
func TestBudgets(t *testing.T) {
	for want, o := range map[string]facts.Observation{
		"opa/any-budget": facts.Absent(facts.DisruptionBudgets, facts.Forbidden, "no"),
		"web/front":      facts.Present(facts.DisruptionBudgets, []facts.DisruptionBudget{{Namespace: "web", Name: "front"}}),
		"":               facts.Present(facts.DisruptionBudgets, []facts.DisruptionBudget{}),
	} {
		got := ""
		for _, w := range line(t, cluster("1.36.3", o), OldNodes).Writes {
			if w.Resource == budget.resource {
				got += w.Namespace + "/" + w.Name
			}
		}
		if got != want {
			t.Errorf("the status of %q is written, want %q", got, want)
		}
	}
}

// TestJobPods are updated where there are some, or where nothing is known of pods.
func TestJobPods(t *testing.T) {
	group := facts.PodGroup{Namespace: "shop", Name: "mig", Example: "mig-x2kqn"}
	for kind, want := range map[string]bool{"Job": true, "Deployment": false, "": true} {
		o := facts.Absent(facts.PodGroups, facts.Forbidden, "no")
		if group.Kind = kind; kind != "" {
			o = facts.Present(facts.PodGroups, []facts.PodGroup{group})
		}
		got := slices.ContainsFunc(line(t, cluster("1.36.3", o), "status of workloads").Writes, func(w bootstrap.Write) bool { return w.Resource == pod.resource })
		if got != want {
			t.Errorf("with a %q its pods are updated by the Job's controller: %t", kind, got)
		}
	}
}

// TestToldApart: of a namespace with several kinds of controllers each write stands for
// objects of its own kind, though one webhook sees them all.
func TestToldApart(t *testing.T) {
	all := []facts.PodGroup{
		{Namespace: "shop", Kind: "ReplicaSet", Name: "cart", Example: "cart-1", Pods: 3}, {Namespace: "shop", Kind: "Job", Name: "mig", Example: "mig-1", Pods: 3},
		{Namespace: "shop", Kind: "StatefulSet", Name: "db", Example: "db-0", Pods: 3},
	}
	everything := admissionregistrationv1.ValidatingWebhookConfiguration{Webhooks: []admissionregistrationv1.ValidatingWebhook{{
		Name: "guard.example.com", Rules: []admissionregistrationv1.RuleWithOperations{{
			Operations: []admissionregistrationv1.OperationType{admissionregistrationv1.OperationAll},
			Rule:       admissionregistrationv1.Rule{APIGroups: []string{"*"}, APIVersions: []string{"*"}, Resources: []string{"*/*"}},
		}},
	}}}
	for _, hooks := range [][]admissionregistrationv1.ValidatingWebhookConfiguration{nil, {everything}} {
		var got []string
		s := cluster("1.36.3", facts.Present(facts.PodGroups, all), facts.Present(facts.ValidatingWebhooks, hooks))
		for _, w := range line(t, s, "status of workloads").Writes {
			got = append(got, w.ResourceName()+" "+w.Name)
			for _, f := range w.From {
				if f.Resource != w.Resource {
					t.Errorf("%s stands for %s %s", w.Key(), f.Resource.Resource, f.Name)
				}
			}
		}
		slices.Sort(got)
		if want := []string{"jobs.batch/status mig", "pods mig-1", "replicasets.apps/status cart", "statefulsets.apps/status db"}; !slices.Equal(got, want) {
			t.Errorf("written are %v, want %v", got, want)
		}
	}
}

// TestRealChanges: who cordons a node makes it unschedulable, whoever else updates it does
// not; a Job that has counted a pod takes its own finalizer away and no other.
func TestRealChanges(t *testing.T) {
	live := parsed(t, `{"apiVersion":"v1","kind":"Node","metadata":{"name":"n1"},"spec":{"podCIDR":"10.0.0.0/24"}}`)
	for name, want := range map[string]bool{OldNodes: true, "node taints and conditions": false} {
		w, _ := Real(line(t, cluster("1.36.3"), name).Writes[0], Found{Object: live})
		now, _, _ := unstructured.NestedBool(w.Object.Object, "spec", "unschedulable")
		before, _, _ := unstructured.NestedBool(w.OldObject.Object, "spec", "unschedulable")
		if now != want || before {
			t.Errorf("%s: unschedulable is %t after %t, want %t after false", name, now, before, want)
		}
	}
	p := parsed(t, runs)
	p.SetFinalizers([]string{"example.com/mine", jobTracking})
	w, _ := Real(sketch(bootstrap.Update, pod, object{namespace: "shop", name: "web-0"}, serviceAccount(jobs)), Found{Object: p})
	if got := w.Object.GetFinalizers(); !slices.Equal(got, []string{"example.com/mine"}) || len(w.OldObject.GetFinalizers()) != 2 {
		t.Errorf("the pod that is counted keeps %v", got)
	}
}
