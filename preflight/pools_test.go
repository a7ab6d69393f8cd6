package preflight_test

import (
	"testing"

	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/forecast"
)

// What stands in the way of another node pool alone is no concern of the one that is asked
// for; what is not known to be elsewhere is.
func TestVerdictOfOnePool(t *testing.T) {
	pools := facts.Present(facts.GKENodePools, []facts.NodePool{{Name: "a"}, {Name: "b"}})
	nodes := facts.Present(facts.Nodes, []facts.Node{{Name: "na", Pool: "a"}, {Name: "nb", Pool: "b"}, {Name: "stray"}})
	groups := facts.Present(facts.PodGroups, []facts.PodGroup{
		{Namespace: "on-a", Kind: "Deployment", Name: "web", Pools: map[string]int32{"a": 2}},
		{Namespace: "on-both", Kind: "Deployment", Name: "web", Pools: map[string]int32{"a": 1, "b": 1}},
		{Namespace: "unseen", Kind: "Deployment", Name: "web"},
	})
	none := facts.Absent(facts.PodGroups, facts.Forbidden, "")
	for _, c := range []struct {
		name    string
		subject preflight.Subject
		seen    []facts.Observation
		want    preflight.Verdict
	}{
		{"the pool itself", preflight.Subject{Kind: "NodePool", Name: "b"}, []facts.Observation{pools}, preflight.NotReady},
		{"another pool", preflight.Subject{Kind: "NodePool", Name: "a"}, []facts.Observation{pools}, preflight.Ready},
		{"many pools in one", preflight.Subject{Kind: "NodePool", Name: "all"}, []facts.Observation{pools}, preflight.NotReady},
		{"a node of another pool", preflight.Subject{Kind: "Node", Name: "na"}, []facts.Observation{pools, nodes}, preflight.Ready},
		{"a node of no known pool", preflight.Subject{Kind: "Node", Name: "stray"}, []facts.Observation{pools, nodes}, preflight.NotReady},
		{"nodes were not seen", preflight.Subject{Kind: "Node", Name: "na"}, []facts.Observation{pools}, preflight.NotReady},
		{"Pods on another pool", preflight.Subject{Kind: "Deployment", Namespace: "on-a", Name: "web"}, []facts.Observation{pools, groups}, preflight.Ready},
		{"Pods on both", preflight.Subject{Kind: "Deployment", Namespace: "on-both", Name: "web"}, []facts.Observation{pools, groups}, preflight.NotReady},
		{"Pods somewhere", preflight.Subject{Kind: "Deployment", Namespace: "unseen", Name: "web"}, []facts.Observation{pools, groups}, preflight.NotReady},
		{"Pods were not seen", preflight.Subject{Kind: "Deployment", Namespace: "on-a", Name: "web"}, []facts.Observation{pools, none}, preflight.NotReady},
		{"a budget of Pods on another pool", preflight.Subject{Kind: "PodDisruptionBudget", Namespace: "on-a", Name: "web"}, []facts.Observation{pools, groups}, preflight.Ready},
		{"a budget of Pods that were not seen", preflight.Subject{Kind: "PodDisruptionBudget", Namespace: "on-a", Name: "web"}, []facts.Observation{pools}, preflight.NotReady},
		{"a webhook", preflight.Subject{Kind: "ValidatingWebhookConfiguration", Name: "x"}, []facts.Observation{pools, nodes, groups}, preflight.NotReady},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, open := range []bool{false, true} {
				f := preflight.Finding{Severity: preflight.Blocker, Subject: c.subject, Summary: "x"}
				want := c.want
				if open {
					f.Undecided = "nobody looked"
					if want == preflight.NotReady {
						want = preflight.Inconclusive
					}
				}
				check := preflight.Check{ID: "GP499", Severity: preflight.Blocker, Steps: []preflight.Step{preflight.NodesStep}}
				s := preflight.AskFor(facts.New(facts.Meta{}, c.seen...), preflight.Ask{Steps: []preflight.Step{preflight.NodesStep}, Pools: []string{"b"}})
				r := preflight.NewReport(s, []preflight.Result{preflight.Summarise(check, []preflight.Finding{f})}, forecast.Forecast{})
				if r.Verdict != want || r.Steps[1].Verdict != want {
					t.Errorf("open %v: %s, and of nodes %s, want %s", open, r.Verdict, r.Steps[1].Verdict, want)
				}
				if of := r.Steps[1].Pools; len(of) != 1 || of[0].Name != "b" || of[0].Verdict != want {
					t.Errorf("open %v: by pool %+v, want b alone, %s", open, of, want)
				}
			}
		})
	}
}
