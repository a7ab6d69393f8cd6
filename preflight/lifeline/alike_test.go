package lifeline

import (
	"slices"
	"strings"
	"testing"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/gke-preflight/gke-preflight/preflight/admission"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// stands has, for each namespace that an example is of, those that it stands for.
func stands(l Line) (all []string) {
	for _, w := range l.Writes {
		all = append(all, w.Namespace+": "+strings.Join(w.Namespaces, ", "))
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// onPods are the rules of a webhook on pods that are made.
var onPods = []admissionregistrationv1.RuleWithOperations{{
	Operations: []admissionregistrationv1.OperationType{admissionregistrationv1.Create},
	Rule:       admissionregistrationv1.Rule{APIGroups: []string{""}, APIVersions: []string{"v1"}, Resources: []string{"pods"}},
}}

// guarding has a webhook on pods of kube-system with the label k8s-app=cilium alone.
func guarding(more ...facts.Observation) *facts.Snapshot {
	guard := admissionregistrationv1.ValidatingWebhookConfiguration{Webhooks: []admissionregistrationv1.ValidatingWebhook{{
		Name:              "guard.example.com",
		NamespaceSelector: &metav1.LabelSelector{MatchLabels: map[string]string{"kubernetes.io/metadata.name": "kube-system"}},
		ObjectSelector:    &metav1.LabelSelector{MatchLabels: map[string]string{"k8s-app": "cilium"}},
		Rules:             onPods,
	}}}
	return cluster("1.36.3", append([]facts.Observation{
		facts.Present(facts.ValidatingWebhooks, []admissionregistrationv1.ValidatingWebhookConfiguration{guard}),
		facts.Present(facts.Namespaces, []facts.Namespace{{Name: "kube-system", Labels: map[string]string{"kubernetes.io/metadata.name": "kube-system"}}}),
	}, more...)...)
}

// TestSystemPods: of kube-system's pods each counts that a selector tells apart from the
// others, and where they could not be read none is told apart.
func TestSystemPods(t *testing.T) {
	cilium := facts.PodGroup{Namespace: "kube-system", Kind: "DaemonSet", Name: "cilium", Labels: map[string]string{"k8s-app": "cilium"}, Pods: 3}
	for _, c := range []struct {
		what    string
		pods    facts.Observation
		sees    string
		decided bool
	}{
		{"cilium runs", facts.Present(facts.PodGroups, []facts.PodGroup{cilium}), "cilium", true},
		{"another of that name runs, too", facts.Present(facts.PodGroups, []facts.PodGroup{cilium, {Namespace: "kube-system", Kind: "Deployment", Name: "cilium", Labels: map[string]string{"k8s-app": "other"}, Pods: 1}}), "cilium", true},
		{"cilium does not run", facts.Present(facts.PodGroups, []facts.PodGroup{}), "", true},
		{"what runs could not be read", facts.Absent(facts.PodGroups, facts.Forbidden, "no"), "any-agent", false},
	} {
		s := guarding(c.pods)
		sees, decided := "", true
		for _, w := range line(t, s, "pods of kube-system").Writes {
			for _, i := range admission.For(s).Match(w) {
				sees, decided = w.Name, i.Undecided == ""
			}
		}
		if sees != c.sees || decided != c.decided {
			t.Errorf("%s: the guard sees %q, decided %v; want %q, %v", c.what, sees, decided, c.sees, c.decided)
		}
	}
}

// TestAsWhom: what one controller makes stands for nothing that another makes, since a
// backend may answer each differently, and a namespace for another's in what is alike.
func TestAsWhom(t *testing.T) {
	s := cluster("1.36.3", facts.Present(facts.PodGroups, []facts.PodGroup{
		{Namespace: "a", Kind: "Deployment", Name: "front"}, {Namespace: "b", Kind: "Deployment", Name: "front"}, {Namespace: "b", Kind: "StatefulSet", Name: "db"},
	}))
	var made []string
	for _, w := range line(t, s, "pods of applications").Writes {
		if w.Operation == "CREATE" && w.ResourceName() == "pods" {
			made = append(made, w.Namespace+"/"+w.Name+" for "+strings.Join(w.Namespaces, ", "))
		}
	}
	if want := []string{"a/front for a, b", "b/db for b"}; !slices.Equal(made, want) {
		t.Errorf("pods that are made: %v, want %v", made, want)
	}
}

// TestRoutes: a webhook on the endpoints of one Service is seen by them, in whatever
// namespace it is, and not where there is no such Service or nobody keeps its endpoints.
func TestRoutes(t *testing.T) {
	everything := admissionregistrationv1.RuleWithOperations{
		Operations: []admissionregistrationv1.OperationType{admissionregistrationv1.Update},
		Rule:       admissionregistrationv1.Rule{APIGroups: []string{"discovery.k8s.io"}, APIVersions: []string{"v1"}, Resources: []string{"endpointslices"}},
	}
	guard := func(namespace, service string) facts.Observation {
		w := admissionregistrationv1.ValidatingWebhook{Name: "guard.example.com", Rules: []admissionregistrationv1.RuleWithOperations{everything}}
		w.NamespaceSelector = &metav1.LabelSelector{MatchLabels: map[string]string{"kubernetes.io/metadata.name": namespace}}
		if service != "" {
			w.ObjectSelector = &metav1.LabelSelector{MatchLabels: map[string]string{"kubernetes.io/service-name": service}}
		}
		return facts.Present(facts.ValidatingWebhooks, []admissionregistrationv1.ValidatingWebhookConfiguration{{Webhooks: []admissionregistrationv1.ValidatingWebhook{w}}})
	}
	selected := map[string]string{"app": "any"}
	there := []facts.Service{{Namespace: "shop", Name: "cart", Selector: selected}, {Namespace: "shop", Name: "till", Selector: selected}, {Namespace: "shop", Name: "external"}}
	for _, c := range []struct {
		what     string
		guard    facts.Observation
		services []facts.Service
		sees     string
	}{
		{"any of the namespace", guard("shop", ""), there, "cart"},
		{"the second of it", guard("shop", "till"), there, "till"},
		{"one that selects nothing", guard("shop", "external"), there, ""},
		{"one that is gone", guard("shop", "till"), there[:1], ""},
		{"another namespace", guard("other", ""), there, ""},
	} {
		s := cluster("1.36.3", c.guard, facts.Present(facts.Services, c.services),
			facts.Present(facts.Namespaces, []facts.Namespace{{Name: "shop", Labels: map[string]string{"kubernetes.io/metadata.name": "shop"}}, {Name: "kube-system"}}))
		sees := ""
		for _, w := range line(t, s, "endpoint slices").Writes {
			if len(admission.For(s).Match(w)) > 0 {
				sees = w.Name
			}
		}
		if sees != c.sees {
			t.Errorf("%s: the guard sees the endpoints of %q, want %q", c.what, sees, c.sees)
		}
	}
}

// TestStrangers: as whom another's controller makes pods is not known, so that nothing is
// decided of who goes by that; nobody makes a pod anew that nobody made.
func TestStrangers(t *testing.T) {
	spared := `!("system:serviceaccounts:kube-system" in request.userInfo.groups)`
	guard := admissionregistrationv1.ValidatingWebhookConfiguration{Webhooks: []admissionregistrationv1.ValidatingWebhook{{
		Name: "guard.example.com", MatchConditions: []admissionregistrationv1.MatchCondition{{Name: "spared", Expression: spared}},
		Rules: onPods,
	}}}
	for kind, want := range map[string]string{"ReplicationController": "", "Cluster": "controller of Cluster", "Pod": ""} {
		s := cluster("1.36.3", facts.Present(facts.ValidatingWebhooks, []admissionregistrationv1.ValidatingWebhookConfiguration{guard}),
			facts.Present(facts.PodGroups, []facts.PodGroup{{Namespace: "shop", Kind: "Deployment", Name: "front"}, {Namespace: "shop", Kind: kind, Name: "db", Pods: 3}}))
		undecided := ""
		for _, w := range line(t, s, "pods of applications").Writes {
			for _, i := range admission.For(s).Match(w) {
				undecided = w.User.Name
				if i.Undecided == "" {
					t.Errorf("%s: who makes them is taken for known", kind)
				}
			}
			if kind == "Pod" && w.Name == "db" {
				t.Errorf("a bare pod is made anew: %s", w.Key())
			}
		}
		if undecided != want {
			t.Errorf("%s: the guard may see what %q makes, want %q", kind, undecided, want)
		}
	}
}

// TestBindings: from 1.35 on a webhook sees the zone of the node on a binding.
func TestBindings(t *testing.T) {
	guard := func(requirement metav1.LabelSelectorRequirement) facts.Observation {
		return facts.Present(facts.ValidatingWebhooks, []admissionregistrationv1.ValidatingWebhookConfiguration{{Webhooks: []admissionregistrationv1.ValidatingWebhook{{
			Name: "guard.example.com", ObjectSelector: &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{requirement}},
			Rules: []admissionregistrationv1.RuleWithOperations{{
				Operations: []admissionregistrationv1.OperationType{admissionregistrationv1.Create},
				Rule:       admissionregistrationv1.Rule{APIGroups: []string{""}, APIVersions: []string{"v1"}, Resources: []string{"pods/binding"}},
			}},
		}}}})
	}
	zoned := metav1.LabelSelectorRequirement{Key: "topology.kubernetes.io/zone", Operator: metav1.LabelSelectorOpExists}
	in := metav1.LabelSelectorRequirement{Key: zoned.Key, Operator: metav1.LabelSelectorOpIn, Values: []string{"europe-west1-b"}}
	app := metav1.LabelSelectorRequirement{Key: "app", Operator: metav1.LabelSelectorOpExists}
	for _, c := range []struct {
		target        string
		q             metav1.LabelSelectorRequirement
		sees, decided bool
	}{{"1.36.3", zoned, true, true}, {"1.36.3", in, true, false}, {"1.36.3", app, false, true}, {"1.34.4", zoned, false, true}} {
		s := cluster(c.target, guard(c.q))
		sees, decided := false, true
		for _, w := range line(t, s, "pods of kube-system").Writes {
			for _, i := range admission.For(s).Match(w) {
				sees, decided = true, i.Undecided == ""
			}
		}
		if sees != c.sees || decided != c.decided {
			t.Errorf("%s, %v: seen %v, decided %v; want %v, %v", c.target, c.q, sees, decided, c.sees, c.decided)
		}
	}
}

// TestUnlisted: the labels of a namespace whose pods were read, and that was not there when
// namespaces were, are not known.
func TestUnlisted(t *testing.T) {
	guard := admissionregistrationv1.ValidatingWebhookConfiguration{Webhooks: []admissionregistrationv1.ValidatingWebhook{{
		Name: "guard.example.com", NamespaceSelector: &metav1.LabelSelector{MatchLabels: map[string]string{"env": "prod"}},
		Rules: onPods,
	}}}
	for want, namespaces := range map[int][]facts.Namespace{0: {{Name: "shop"}}, 1: {{Name: "other", Labels: map[string]string{"env": "prod"}}}} {
		s := cluster("1.36.3", facts.Present(facts.ValidatingWebhooks, []admissionregistrationv1.ValidatingWebhookConfiguration{guard}),
			facts.Present(facts.Namespaces, namespaces), facts.Present(facts.PodGroups, []facts.PodGroup{{Namespace: "shop", Kind: "Deployment", Name: "front"}}))
		undecided := 0
		for _, w := range line(t, s, "pods of applications").Writes {
			for _, i := range admission.For(s).Match(w) {
				if i.Undecided != "" {
					undecided++
				}
			}
		}
		if undecided != want {
			t.Errorf("with namespaces %v %d writes may be seen, want %d", namespaces, undecided, want)
		}
	}
}
