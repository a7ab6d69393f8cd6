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

// guarding has a webhook on pods of kube-system with the label k8s-app=cilium alone.
func guarding(more ...facts.Observation) *facts.Snapshot {
	guard := admissionregistrationv1.ValidatingWebhookConfiguration{Webhooks: []admissionregistrationv1.ValidatingWebhook{{
		Name:              "guard.example.com",
		NamespaceSelector: &metav1.LabelSelector{MatchLabels: map[string]string{"kubernetes.io/metadata.name": "kube-system"}},
		ObjectSelector:    &metav1.LabelSelector{MatchLabels: map[string]string{"k8s-app": "cilium"}},
		Rules: []admissionregistrationv1.RuleWithOperations{{
			Operations: []admissionregistrationv1.OperationType{admissionregistrationv1.Create},
			Rule:       admissionregistrationv1.Rule{APIGroups: []string{""}, APIVersions: []string{"v1"}, Resources: []string{"pods"}},
		}},
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
