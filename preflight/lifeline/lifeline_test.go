package lifeline

import (
	"slices"
	"strings"
	"testing"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/gke-preflight/gke-preflight/preflight/admission"
	"github.com/gke-preflight/gke-preflight/preflight/bootstrap"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/version"
)

// cluster has a webhook on everything in namespace opa, and one node.
func cluster(target string, more ...facts.Observation) *facts.Snapshot {
	everything := admissionregistrationv1.RuleWithOperations{
		Operations: []admissionregistrationv1.OperationType{admissionregistrationv1.OperationAll},
		Rule:       admissionregistrationv1.Rule{APIGroups: []string{"*"}, APIVersions: []string{"*"}, Resources: []string{"*/*"}},
	}
	hook := admissionregistrationv1.ValidatingWebhookConfiguration{Webhooks: []admissionregistrationv1.ValidatingWebhook{{
		Name: "opa.example.com", Rules: []admissionregistrationv1.RuleWithOperations{everything},
		ClientConfig: admissionregistrationv1.WebhookClientConfig{Service: &admissionregistrationv1.ServiceReference{Namespace: "opa", Name: "opa"}},
	}}}
	hook.Name = "opa"
	return facts.New(facts.Meta{Target: target, NodeWrites: true}, append([]facts.Observation{
		facts.Present(facts.ServerVersion, facts.Version{GitVersion: "v1.35.4"}),
		facts.Present(facts.APIResources, []facts.APIResource{}),
		facts.Present(facts.Namespaces, []facts.Namespace{}),
		facts.Present(facts.ValidatingWebhooks, []admissionregistrationv1.ValidatingWebhookConfiguration{hook}),
		facts.Present(facts.CustomResources, []facts.CustomResource{{Name: "crontabs.example.com"}, {Name: "gateways.gateway.networking.k8s.io"}}),
		facts.Present(facts.PodGroups, []facts.PodGroup{
			{Namespace: "calico-system", Kind: "DaemonSet", Name: "calico-node"},
			{Namespace: "opa", Kind: "Rollout", Name: "canary"}, {Namespace: "opa", Kind: "StatefulSet", Name: "opa"}, {Namespace: "web", Kind: "Deployment", Name: "web"},
		}),
		facts.Present(facts.Nodes, []facts.Node{{Name: "n1", Pool: "a"}, {Name: "n2", Pool: "b"}}),
		facts.Present(facts.Services, []facts.Service{{Namespace: "opa", Name: "opa", Selector: map[string]string{"app": "opa"}}}),
		facts.Present(facts.BackendPods, []facts.Pod{
			{Namespace: "opa", Name: "other-0", Labels: map[string]string{"app": "other"}},
			{Namespace: "opa", Name: "opa-0", Labels: map[string]string{"app": "opa", "opa-exempt": "true"}, Owner: "StatefulSet/opa"},
		}),
	}, more...)...)
}

func line(t *testing.T, s *facts.Snapshot, name string) Line {
	t.Helper()
	lines := Of(s)
	n := slices.IndexFunc(lines, func(l Line) bool { return l.Name == name })
	if n < 0 {
		t.Fatalf("there is no line %q", name)
	}
	return lines[n]
}

func TestGroups(t *testing.T) {
	var got []Group
	for _, l := range Of(cluster("1.36.3")) {
		if l.Consequence == "" || l.Source == "" || l.Cited == "" {
			t.Errorf("%s lacks a consequence, its source or where it is cited", l.Name)
		}
		got = append(got, l.Group)
	}
	if got := slices.Compact(got); !slices.Equal(got, Groups()) {
		t.Errorf("the groups come as %v", got)
	}
}

// TestTrustBundle is written from 1.37 on.
func TestTrustBundle(t *testing.T) {
	for target, want := range map[string]bool{"1.36.3": false, "1.37": true, "1.38.1": true} {
		lines := Of(cluster(target))
		got := slices.ContainsFunc(lines, func(l Line) bool {
			return slices.ContainsFunc(l.Writes, func(w bootstrap.Write) bool { return w.ResourceName() == "clustertrustbundles.certificates.k8s.io" })
		})
		if got != want {
			t.Errorf("to %s: %t", target, got)
		}
	}
}

// TestEndpoints are what API servers up to 1.33 find webhooks by.
func TestEndpoints(t *testing.T) {
	older := facts.Present(facts.ServerVersion, facts.Version{GitVersion: "v1.33.13"})
	for target, want := range map[string]int{"1.34.4": 1, "1.36.3": 0} {
		s := cluster(target)
		if target == "1.34.4" {
			s = s.With(older)
		}
		n := 0
		for _, w := range line(t, s, "endpoint slices").Writes {
			if w.ResourceName() == "endpoints" {
				n++
			}
		}
		if n != want {
			t.Errorf("to %s there are %d writes of endpoints, want %d", target, n, want)
		}
	}
}

func TestWithoutFacts(t *testing.T) {
	for _, f := range []facts.Fact{facts.Services, facts.BackendPods} {
		l := line(t, cluster("1.36.3", facts.Absent(f, facts.Forbidden, "no")), "pods of namespace opa")
		if !strings.Contains(l.Unknown, f.ID()) || len(l.Writes) == 0 {
			t.Errorf("without %s the line says %q and has %d writes", f.ID(), l.Unknown, len(l.Writes))
		}
	}
	l := line(t, cluster("1.36.3", facts.Absent(facts.Nodes, facts.Forbidden, "no")), "node leases")
	if len(l.Writes) != 1 {
		t.Errorf("without nodes there are %d heartbeats", len(l.Writes))
	}
}

// TestUntil holds the minor that a line names against what webhooks are shown while
// that minor runs.
func TestUntil(t *testing.T) {
	for _, target := range []string{"1.36.3", "1.37.0", "1.38.0"} {
		s := cluster(target, facts.Present(facts.ServerVersion, facts.Version{GitVersion: "v" + target}))
		matcher := admission.For(s)
		for _, l := range Of(s) {
			seen := slices.ContainsFunc(l.Writes, func(w bootstrap.Write) bool { return len(matcher.Match(w)) > 0 })
			until, err := version.Parse(l.Until)
			parsed, err2 := version.Parse(target)
			want := err != nil || err2 == nil && version.CompareLine(parsed, until) <= 0
			if seen != want {
				t.Errorf("%s at %s: a webhook on everything sees it: %v", l.Name, target, seen)
			}
		}
	}
}

// TestStands: of namespaces whose writes the same see, one stands for all; one with a
// label that a webhook goes by stands for itself, and what can't be read is said.
func TestStands(t *testing.T) {
	l := line(t, cluster("1.36.3"), "pods of applications")
	if got := stands(l); !slices.Equal(got, []string{"opa: opa", "opa: opa, web", "web: web"}) {
		t.Errorf("the namespaces stand for each other as %v", got)
	}
	mesh := admissionregistrationv1.MutatingWebhookConfiguration{Webhooks: []admissionregistrationv1.MutatingWebhook{{
		Name: "mesh.example.com", NamespaceSelector: &metav1.LabelSelector{MatchLabels: map[string]string{"mesh": "on"}},
		Rules: []admissionregistrationv1.RuleWithOperations{{
			Operations: []admissionregistrationv1.OperationType{admissionregistrationv1.Create},
			Rule:       admissionregistrationv1.Rule{APIGroups: []string{""}, APIVersions: []string{"v1"}, Resources: []string{"pods"}},
		}},
	}}}
	mesh.Name = "mesh"
	s := cluster("1.36.3", facts.Present(facts.MutatingWebhooks, []admissionregistrationv1.MutatingWebhookConfiguration{mesh}),
		facts.Present(facts.Namespaces, []facts.Namespace{{Name: "opa"}, {Name: "web", Labels: map[string]string{"mesh": "on"}}}))
	if got := stands(line(t, s, "pods of applications")); !slices.Contains(got, "web: web") || !slices.Contains(got, "opa: opa") {
		t.Errorf("with one namespace in a mesh they stand for each other as %v", got)
	}
	l = line(t, cluster("1.36.3", facts.Absent(facts.PodGroups, facts.Forbidden, "no")), "evictions")
	if !strings.Contains(l.Unknown, "pod-groups") || len(l.Writes) != 3 {
		t.Errorf("without pods the line says %q and has %d writes", l.Unknown, len(l.Writes))
	}
}

// TestStandsForLabels: in a namespace each group of pods counts that an objectSelector tells
// apart from the others, and no namespace stands for one whose pods it sees other than its own.
func TestStandsForLabels(t *testing.T) {
	guard := admissionregistrationv1.ValidatingWebhookConfiguration{Webhooks: []admissionregistrationv1.ValidatingWebhook{{
		Name: "guard.example.com", ObjectSelector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": "db"}},
		Rules: []admissionregistrationv1.RuleWithOperations{{
			Operations: []admissionregistrationv1.OperationType{admissionregistrationv1.Delete},
			Rule:       admissionregistrationv1.Rule{APIGroups: []string{""}, APIVersions: []string{"v1"}, Resources: []string{"pods"}},
		}},
	}}}
	group := func(namespace, app string) facts.PodGroup {
		return facts.PodGroup{Namespace: namespace, Kind: "StatefulSet", Name: app, Labels: map[string]string{"app": app}, Pods: 1}
	}
	s := cluster("1.36.3", facts.Present(facts.ValidatingWebhooks, []admissionregistrationv1.ValidatingWebhookConfiguration{guard}),
		facts.Present(facts.PodGroups, []facts.PodGroup{group("a", "api"), group("b", "api"), group("b", "cache"), group("b", "db"), group("c", "cache")}))
	l := line(t, s, "pod deletions")
	var seen []string
	for _, w := range l.Writes {
		if by := admission.For(s).Match(w); len(by) > 0 {
			seen = append(seen, w.Namespace+"/"+w.Name)
		}
	}
	if seen = slices.Compact(seen); !slices.Equal(seen, []string{"b/db"}) {
		t.Errorf("the guard sees %v, want b/db", seen)
	}
	if got := stands(l); !slices.Equal(got, []string{"a: a, b, c", "b: b"}) {
		t.Errorf("the namespaces stand for each other as %v", got)
	}
}

// TestEvictedByName: what is evicted and deleted is a pod that runs, and what is made anew
// has another name.
func TestEvictedByName(t *testing.T) {
	s := cluster("1.36.3", facts.Present(facts.PodGroups, []facts.PodGroup{{Namespace: "web", Kind: "Deployment", Name: "front", Example: "front-5d8c9f7b6-x2kqn", Pods: 2}}))
	for name, want := range map[string]string{"evictions": "front-5d8c9f7b6-x2kqn", "pod deletions": "front-5d8c9f7b6-x2kqn", "pods of applications": "front"} {
		if got := line(t, s, name).Writes[0].Name; got != want {
			t.Errorf("%s are of %s, want %s", name, got, want)
		}
	}
}

// TestNetwork: what gives new nodes their network is what the recording says it is, and in
// one that says nothing of it what goes by the name of a plugin.
func TestNetwork(t *testing.T) {
	lines := func(more ...facts.Observation) []Line {
		return slices.DeleteFunc(slices.Clone(Of(cluster("1.36.3", more...))), func(l Line) bool { return l.Name != Network })
	}
	said := facts.Present(facts.NetworkPlugins, []facts.NetworkPlugin{{Namespace: "kube-system", Name: "anetd"}})
	if ls := lines(said); len(ls) != 1 || len(ls[0].Writes) != 5 || ls[0].Writes[0].Namespace != "kube-system" {
		t.Errorf("GKE's own is not what new nodes wait for: %+v", ls)
	}
	if ls := lines(facts.Present(facts.NetworkPlugins, []facts.NetworkPlugin{})); len(ls) != 0 {
		t.Errorf("nodes bring their network with them, and wait for %v", ls[0].Writes)
	}
	if ls := lines(); len(ls) != 1 || ls[0].Writes[0].Namespace != "calico-system" {
		t.Errorf("in a recording of an earlier version calico-node is no plugin: %+v", ls)
	}
	unread := facts.Observation{Fact: facts.PodGroups, Absence: facts.Absence{Reason: facts.Forbidden}}
	if ls := lines(unread); len(ls) != 1 || ls[0].Unknown == "" {
		t.Errorf("no pods could be read, and nothing is open: %+v", ls)
	}
}
