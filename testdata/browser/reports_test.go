package browser

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"

	"github.com/gke-preflight/gke-preflight/checks"
	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/forecast"
	"github.com/gke-preflight/gke-preflight/preflight/policy"
	"github.com/gke-preflight/gke-preflight/preflight/render"
)

// written writes the report on a cluster under rules, and returns the file.
func written(t *testing.T, name string, s *facts.Snapshot, rules policy.Rules) (file string, r preflight.Report) {
	t.Helper()
	r = policy.Apply(s, preflight.Run(s, checks.All()), forecast.Of(s), rules)
	file = filepath.Join(t.TempDir(), name+".html")
	f, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := render.HTML(f, r, render.Options{}); err != nil {
		t.Fatal(err)
	}
	return file, r
}

// relabelling is a policy with one of everything, beside a baseline.
func relabelling(t *testing.T) policy.Rules {
	t.Helper()
	rules := policy.Rules{Day: time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC), Accept: []string{"GP502"}}
	b, err := os.ReadFile("../reports/waivers.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if rules.Policy, err = policy.Parse("waivers.yaml", b, checks.All(), rules.Day); err != nil {
		t.Fatal(err)
	}
	if b, err = os.ReadFile("../reports/all-clear.json"); err != nil {
		t.Fatal(err)
	}
	before, err := render.Parse(b)
	if err != nil {
		t.Fatal(err)
	}
	rules.Baseline = &before
	return rules
}

func recorded(t *testing.T, name string) *facts.Snapshot {
	t.Helper()
	b, err := os.ReadFile("../recorded/" + name + ".zip")
	if err != nil {
		t.Fatal(err)
	}
	s, err := facts.LoadZip(b)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// notAsked is the incident, seen by somebody who may ask no webhook.
func notAsked(t *testing.T) *facts.Snapshot {
	return recorded(t, "incident").With(facts.Absent(facts.Attempts, facts.Forbidden, `services "opa" is forbidden: User "auditor" cannot create resource "services/proxy"`))
}

// huge is the incident in a cluster of 5,000 nodes, 600 of them not ready, with 40
// webhooks like the one that hangs, and names as long as they may be.
func huge(t *testing.T) *facts.Snapshot {
	s := recorded(t, "incident")
	nodes, _ := facts.Nodes.Get(s)
	leases := map[string]time.Time{}
	var many []facts.Node
	for n := range 5000 {
		node := nodes[n%len(nodes)]
		node.Name = fmt.Sprintf("gke-prod-default-pool-1f3bb7a6-%04d", n)
		if n < 600 {
			node.Conditions = []facts.Condition{{Type: "Ready", Status: "False", Reason: "KubeletNotReady", LastChange: s.Meta.CollectedAt.Add(-time.Duration(n) * time.Minute)}}
		}
		leases[node.Name] = s.Meta.CollectedAt
		many = append(many, node)
	}
	webhooks, _ := facts.ValidatingWebhooks.Get(s)
	attempts, _ := facts.Attempts.Get(s)
	var more []admissionregistrationv1.ValidatingWebhookConfiguration
	var asked []facts.Attempt
	for n := range 40 {
		c := *webhooks[0].DeepCopy()
		c.Name = fmt.Sprintf("%s-%d", strings.Repeat("admission-policies-of-the-team-", 1+n%7), n)
		for w := range c.Webhooks {
			c.Webhooks[w].Name = fmt.Sprintf("validate-%d.policies.%s.example", n, strings.Repeat("x", 1+n*4))
		}
		more = append(more, c)
		for _, a := range attempts {
			if a.Config == webhooks[0].Name {
				a.Config, a.Webhook = c.Name, c.Webhooks[0].Name
				asked = append(asked, a)
			}
		}
	}
	slices.SortFunc(more, func(a, b admissionregistrationv1.ValidatingWebhookConfiguration) int {
		return strings.Compare(a.Name, b.Name)
	})
	s = s.With(facts.Present(facts.Nodes, many), facts.Present(facts.NodeLeases, leases), facts.Present(facts.ValidatingWebhooks, more), facts.Present(facts.Attempts, asked))
	m := s.Meta
	m.Cluster.Name = strings.Repeat("production", 4)
	return s.WithMeta(m)
}
