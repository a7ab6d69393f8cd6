package whatif

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"golang.org/x/tools/txtar"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/forecast"
	"github.com/gke-preflight/gke-preflight/preflight/probe"
)

// TestSmallest plays random small clusters step by step, in every order: each
// scenario that is reported does its harm, none of its events alone does, and no
// smaller or other smallest one of a backend's is missing.
func TestSmallest(t *testing.T) {
	healthy := snapshot(t, &txtar.Archive{})
	reported := map[int]int{}
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 4))
		w := randomWorld(r)
		s := w.snapshot(healthy)
		found := Of(s)
		if !found.Complete || len(found.Gaps) > 0 {
			t.Fatalf("seed %d: %v", seed, found.Gaps)
		}
		for _, k := range found.Risks {
			for _, sc := range k.Scenarios {
				reported[len(sc.Events)]++
				w.holds(t, seed, s, k, sc)
			}
		}
		w.missesNothing(t, seed, s, found)
		if t.Failed() {
			t.Fatalf("seed %d: %+v", seed, w)
		}
	}
	if reported[1] < 100 || reported[2] < 100 {
		t.Errorf("%v scenarios by size: that proves little", reported)
	}
}

// holds requires of a scenario that its harm is done when the events are played,
// by the forecast over the changed recording, and not by fewer of them.
func (w world) holds(t *testing.T, seed uint64, s *facts.Snapshot, k Risk, sc Scenario) {
	t.Helper()
	after := w.harm(s, sc.Events)
	for _, h := range sc.Harms {
		if !after[h.victim()] {
			t.Errorf("seed %d: %v does not make %s%s fail", seed, sc.Events, h.Hook, h.Lifeline)
		}
	}
	if len(sc.Events) < 2 {
		return
	}
	for _, e := range sc.Events {
		alone := w.harm(s, []Event{e})
		for _, h := range sc.Harms {
			if alone[h.victim()] {
				t.Errorf("seed %d: of %v, %v alone makes %s%s fail", seed, sc.Events, e, h.Hook, h.Lifeline)
			}
		}
	}
	_ = k
}

// missesNothing requires that whatever harm one or two events do is in the
// result, by as few events.
func (w world) missesNothing(t *testing.T, seed uint64, s *facts.Snapshot, found Result) {
	t.Helper()
	smallest := map[victim]int{}
	for _, k := range found.Risks {
		for _, sc := range k.Scenarios {
			for _, h := range sc.Harms {
				if n := smallest[h.victim()]; n == 0 || len(sc.Events) < n {
					smallest[h.victim()] = len(sc.Events)
				}
			}
		}
	}
	events := w.events()
	for i, e := range events {
		for h := range w.harm(s, []Event{e}) {
			if smallest[h] != 1 {
				t.Errorf("seed %d: %v makes %q fail, which is not reported", seed, e, h)
			}
		}
		for _, f := range events[:i] {
			for h := range w.harm(s, []Event{e, f}) {
				if smallest[h] == 0 {
					t.Errorf("seed %d: %v and %v make %q fail, which is not reported", seed, e, f, h)
				}
			}
		}
	}
}

var harms = map[*facts.Snapshot]map[string][]victim{}

// harm is what fails in any order of the events, by forecasts over the recording
// as it would be then.
func (w world) harm(s *facts.Snapshot, events []Event) map[victim]bool {
	out := map[victim]bool{}
	if harms[s] == nil {
		harms[s] = map[string][]victim{}
	}
	for silent := range w.play(events) {
		hs, known := harms[s][silent]
		if !known {
			for _, h := range harmsOf(forecast.Given(s, unserved(s, strings.Split(silent, ",")))) {
				hs = append(hs, h.victim())
			}
			harms[s][silent] = hs
		}
		for _, h := range hs {
			out[h] = true
		}
	}
	return out
}

// unserved are the attempts as they would be if the Services of those namespaces
// had no ready endpoint.
func unserved(s *facts.Snapshot, namespaces []string) []facts.Attempt {
	var attempts []facts.Attempt
	for _, a := range facts.Attempts.Of(s) {
		if slices.Contains(namespaces, a.Config) {
			a = facts.Attempt{Type: a.Type, Config: a.Config, Webhook: a.Webhook, Write: a.Write, Vantage: a.Vantage, Target: a.Target, Answer: facts.NoEndpoints}
		}
		attempts = append(attempts, a)
	}
	return attempts
}

func (w world) events() []Event {
	var es []Event
	add := func(k Kind, name string) {
		if e := (Event{Kind: k, Name: name}); !slices.Contains(es, e) {
			es = append(es, e)
		}
	}
	for _, p := range w.pods {
		add(PoolUpgrade, p.pool)
		add(PodLoss, p.namespace+"/"+p.name)
		add(NodeLoss, p.node)
		add(ZoneLoss, p.zone)
	}
	return es
}

func randomWorld(r *rand.Rand) world {
	w := world{nodes: map[string][]string{"a": {"n0", "n1"}, "b": {"n2", "n3"}}, surge: map[string]bool{"b": true}, atOnce: map[string]int{"a": 1 + r.IntN(2), "b": 1 + r.IntN(2)}, allowed: map[string]int{}}
	namespaces := []string{"x", "y", "z"}[:1+r.IntN(3)]
	switch r.IntN(4) {
	case 0:
		w.nodes = map[string][]string{"a": {"n0"}}
	case 1:
		w.nodes = map[string][]string{"a": {"n0", "n1"}}
	case 2:
		w.nodes = map[string][]string{"b": {"n2", "n3"}}
	}
	for _, ns := range namespaces {
		h := worldHook{namespace: ns, rbac: r.IntN(2) == 0}
		for _, other := range append(slices.Clip(namespaces), "net") {
			if r.IntN(3) == 0 {
				h.guards = append(h.guards, other)
			}
		}
		w.hooks = append(w.hooks, h)
		bare, count := r.IntN(8) == 0, 1+r.IntN(3)
		for i := range count {
			var node int
			all := slices.Sorted(slices.Values(slices.Concat(w.nodes["a"], w.nodes["b"])))
			_, _ = fmt.Sscanf(all[r.IntN(len(all))], "n%d", &node)
			w.pods = append(w.pods, worldPod{ns, fmt.Sprintf("%s-%d", ns, i), fmt.Sprintf("n%d", node), []string{"north", "south"}[node%2], []string{"a", "b"}[node/2], bare})
		}
		if r.IntN(3) == 0 {
			w.allowed[ns] = r.IntN(count + 1)
		}
	}
	return w
}

// snapshot is the world as a recording.
func (w world) snapshot(healthy *facts.Snapshot) *facts.Snapshot {
	var (
		services  = facts.Services.Of(healthy)
		names     = facts.Namespaces.Of(healthy)
		endpoints []facts.ServiceEndpoints
		pods      []facts.Pod
		nodes     []facts.Node
		budgets   []facts.DisruptionBudget
		webhooks  []admissionregistrationv1.ValidatingWebhookConfiguration
	)
	names = append(slices.Clip(names), facts.Namespace{Name: "net", Labels: map[string]string{"kubernetes.io/metadata.name": "net"}})
	for i := range 4 {
		if !slices.Contains(slices.Concat(w.nodes["a"], w.nodes["b"]), fmt.Sprintf("n%d", i)) {
			continue
		}
		nodes = append(nodes, facts.Node{Name: fmt.Sprintf("n%d", i), Zone: []string{"north", "south"}[i%2], Pool: []string{"a", "b"}[i/2]})
	}
	for _, h := range w.hooks {
		labels := map[string]string{"app": h.namespace}
		names = append(slices.Clip(names), facts.Namespace{Name: h.namespace, Labels: map[string]string{"kubernetes.io/metadata.name": h.namespace}})
		services = append(slices.Clip(services), facts.Service{Namespace: h.namespace, Name: "hook", Selector: labels, Ports: []facts.ServicePort{{Port: 443}}})
		e := facts.ServiceEndpoints{Namespace: h.namespace, Service: "hook"}
		for i, p := range w.pods {
			if p.namespace != h.namespace {
				continue
			}
			f := facts.Pod{Namespace: p.namespace, Name: p.name, Labels: labels, Node: p.node, Ready: true, Owner: "ReplicaSet/" + p.namespace}
			if p.bare {
				f.Owner = ""
			}
			pods = append(pods, f)
			e.Endpoints = append(e.Endpoints, facts.Endpoint{IP: fmt.Sprintf("10.4.0.%d", i), Port: 8443, Ready: true, Pod: p.name})
		}
		endpoints = append(endpoints, e)
		if n, has := w.allowed[h.namespace]; has {
			budgets = append(budgets, facts.DisruptionBudget{Namespace: h.namespace, Name: h.namespace, Selector: labels, DisruptionsAllowed: int32(n)})
		}
		webhooks = append(webhooks, h.configuration())
	}
	pools := []facts.NodePool{{Name: "a", Upgrade: facts.UpgradeSettings{MaxUnavailable: int32(w.atOnce["a"])}}, {Name: "b", Upgrade: facts.UpgradeSettings{Strategy: "BLUE_GREEN", BatchNodes: int32(w.atOnce["b"])}}}
	return answered(healthy.With(facts.Present(facts.Services, services), facts.Present(facts.Namespaces, names), facts.Present(facts.Endpoints, endpoints),
		facts.Present(facts.BackendPods, pods), facts.Present(facts.Nodes, nodes), facts.Present(facts.DisruptionBudgets, budgets),
		facts.Present(facts.ValidatingWebhooks, webhooks), facts.Present(facts.GKENodePools, pools),
		facts.Present(facts.NetworkPlugins, []facts.NetworkPlugin{{Namespace: "net", Name: "agent"}})))
}

// answered is s with webhooks that let everything pass.
func answered(s *facts.Snapshot) *facts.Snapshot {
	attempts := []facts.Attempt{}
	for _, i := range probe.All(s) {
		for _, by := range i.By {
			a := probe.Request{Interception: by, Write: i.Write, Vantage: facts.PodNetwork}.Attempt(facts.Allowed, "", "")
			a.Target, a.Milliseconds, a.CertificateNotAfter = by.Name, 1, "2030-01-01T00:00:00Z"
			attempts = append(attempts, a)
		}
	}
	return s.With(facts.Present(facts.Attempts, attempts))
}

// configuration has one webhook for start-up writes and one for pods, as far as
// the hook sees them.
func (h worldHook) configuration() admissionregistrationv1.ValidatingWebhookConfiguration {
	c := admissionregistrationv1.ValidatingWebhookConfiguration{ObjectMeta: metav1.ObjectMeta{Name: h.namespace}}
	add := func(name, group, resource string, in []string) {
		w := admissionregistrationv1.ValidatingWebhook{
			Name:         name,
			Rules:        []admissionregistrationv1.RuleWithOperations{{Operations: []admissionregistrationv1.OperationType{"*"}, Rule: admissionregistrationv1.Rule{APIGroups: []string{group}, APIVersions: []string{"*"}, Resources: []string{resource}}}},
			ClientConfig: admissionregistrationv1.WebhookClientConfig{Service: &admissionregistrationv1.ServiceReference{Namespace: h.namespace, Name: "hook"}},
		}
		if in != nil {
			w.NamespaceSelector = &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{{Key: "kubernetes.io/metadata.name", Operator: metav1.LabelSelectorOpIn, Values: in}}}
		}
		c.Webhooks = append(c.Webhooks, w)
	}
	if h.rbac {
		add("rbac.example.org", "rbac.authorization.k8s.io", "*", nil)
	}
	if h.guards != nil {
		add("pods.example.org", "", "pods", h.guards)
	}
	return c
}
