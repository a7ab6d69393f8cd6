package checks

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/forecast"
)

func allClear(t *testing.T) *facts.Snapshot {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", "testdata", "recorded", "all-clear.zip"))
	if err != nil {
		t.Fatal(err)
	}
	s, err := facts.LoadZip(b)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// reportOn is the report on the steps and node pools alone.
func reportOn(s *facts.Snapshot, steps []preflight.Step, pools ...string) preflight.Report {
	s = preflight.AskFor(s, preflight.Ask{Steps: steps, Pools: pools})
	return preflight.NewReport(s, preflight.Run(s, All()), forecast.Of(s))
}

var nodesAlone = []preflight.Step{preflight.NodesStep}

// replicas is s with a second Pod behind the webhook's Service, on a node of its own.
func replicas(s *facts.Snapshot, node string) *facts.Snapshot {
	endpoints, pods := slices.Clone(facts.Endpoints.Of(s)), slices.Clone(facts.BackendPods.Of(s))
	e, p := endpoints[0].Endpoints[0], pods[0]
	e.IP, e.Pod, e.Node = "10.77.1.101", "opa-6b7f9c5d48-other", node
	p.Name, p.IPs, p.Node = e.Pod, []string{e.IP}, node
	endpoints[0].Endpoints = append(slices.Clone(endpoints[0].Endpoints), e)
	m := s.Meta
	m.PerEndpoint = false // each answer is that of the Service
	return s.With(facts.Present(facts.Endpoints, endpoints), facts.Present(facts.BackendPods, append(pods, p))).WithMeta(m)
}

// surging is s whose node pools have these settings.
func surging(s *facts.Snapshot, u facts.UpgradeSettings) *facts.Snapshot {
	pools := slices.Clone(facts.GKENodePools.Of(s))
	for n := range pools {
		pools[n].Upgrade = u
	}
	return s.With(facts.Present(facts.GKENodePools, pools))
}

// guarded is s with a budget, of whose status the webhook lets an update pass.
func guarded(s *facts.Snapshot, allowed int32) *facts.Snapshot {
	attempts := slices.Clone(facts.Attempts.Of(s))
	lets := attempts[slices.IndexFunc(attempts, func(a facts.Attempt) bool { return a.Webhook != "" && a.Answer == facts.Allowed })]
	lets.Write = "UPDATE poddisruptionbudgets.policy/status opa/opa"
	for _, by := range []string{"system:serviceaccount:kube-system:disruption-controller", "system:apiserver"} {
		lets.As = by
		attempts = append(attempts, lets)
	}
	return s.With(facts.Present(facts.Attempts, attempts), facts.Present(facts.DisruptionBudgets, []facts.DisruptionBudget{{
		Namespace: "opa", Name: "opa", Selector: map[string]string{"app": "opa"}, DisruptionsAllowed: allowed, ExpectedPods: 2, Healthy: 2, DesiredHealthy: 2 - allowed,
	}}))
}

// What an upgrade of a node pool does by itself, and for good, is a blocker to it and to no
// other, and to the control plane no more than one event that may come. Where it hangs on
// what is not known the upgrade is not ready either.
func TestPoolUpgradeTakesBackendForGood(t *testing.T) {
	const same, other, elsewhere = "gke-prod-default-pool-1f3bb7a6-0000", "gke-prod-default-pool-213bbacc-0000", "gke-prod-batch-2c104bc0-0000"
	one, two := facts.UpgradeSettings{MaxSurge: 1}, facts.UpgradeSettings{MaxSurge: 2}
	for name, c := range map[string]struct {
		change func(*facts.Snapshot) *facts.Snapshot
		want   preflight.Verdict
	}{
		"one replica":                 {func(s *facts.Snapshot) *facts.Snapshot { return s }, preflight.NotReady},
		"one, one node at a time":     {func(s *facts.Snapshot) *facts.Snapshot { return surging(s, one) }, preflight.NotReady},
		"one, a budget that holds it": {func(s *facts.Snapshot) *facts.Snapshot { return guarded(s, 0) }, preflight.NotReady},
		"two on one node":             {func(s *facts.Snapshot) *facts.Snapshot { return replicas(s, same) }, preflight.NotReady},
		"two, settings not seen":      {func(s *facts.Snapshot) *facts.Snapshot { return replicas(s, other) }, preflight.Inconclusive},
		"two, two nodes at a time":    {func(s *facts.Snapshot) *facts.Snapshot { return surging(replicas(s, other), two) }, preflight.Inconclusive},
		"two, a batch not told": {func(s *facts.Snapshot) *facts.Snapshot {
			return surging(replicas(s, other), facts.UpgradeSettings{Strategy: "BLUE_GREEN"})
		}, preflight.Inconclusive},
		"two, one node at a time":   {func(s *facts.Snapshot) *facts.Snapshot { return surging(replicas(s, other), one) }, preflight.Ready},
		"two, a budget lets one go": {func(s *facts.Snapshot) *facts.Snapshot { return guarded(surging(replicas(s, other), two), 1) }, preflight.Ready},
		"two in two pools":          {func(s *facts.Snapshot) *facts.Snapshot { return replicas(s, elsewhere) }, preflight.Ready},
	} {
		t.Run(name, func(t *testing.T) {
			s := c.change(allClear(t))
			for _, r := range []preflight.Report{reportOn(s, nodesAlone, "default-pool"), reportOn(s, nodesAlone), reportOn(s, preflight.Steps())} {
				if r.Verdict != c.want || r.Steps[1].Verdict != c.want {
					t.Errorf("steps %v, pools %v: %s, and of nodes %s, want %s: %v", r.About, r.Pools, r.Verdict, r.Steps[1].Verdict, c.want, r.Open)
				}
			}
			for _, r := range []preflight.Report{reportOn(s, nodesAlone, "batch"), reportOn(s, nil)} {
				if r.Verdict != preflight.Ready {
					t.Errorf("steps %v, pools %v: %s: %v", r.About, r.Pools, r.Verdict, r.Open)
				}
			}
		})
	}
}

// A pool that may neither add a node nor do without one has no way to be upgraded: a blocker
// to it and to no other, and to the control plane no more than a warning.
func TestPoolWithoutRoom(t *testing.T) {
	s := surging(replicas(allClear(t), "gke-prod-batch-2c104bc0-0000"), facts.UpgradeSettings{Strategy: "SURGE", MaxSurge: 1})
	pools := slices.Clone(facts.GKENodePools.Of(s))
	for n := range pools {
		if pools[n].Name == "batch" {
			pools[n].Upgrade.MaxSurge = 0
		}
	}
	tight := s.With(facts.Present(facts.GKENodePools, pools))
	for _, c := range []struct {
		s     *facts.Snapshot
		steps []preflight.Step
		pools []string
		want  preflight.Verdict
	}{
		{s, preflight.Steps(), nil, preflight.Ready},
		{tight, preflight.Steps(), nil, preflight.NotReady},
		{tight, nodesAlone, nil, preflight.NotReady},
		{tight, nodesAlone, []string{"batch"}, preflight.NotReady},
		{tight, nodesAlone, []string{"default-pool"}, preflight.Ready},
		{tight, nil, nil, preflight.Ready},
	} {
		if r := reportOn(c.s, c.steps, c.pools...); r.Verdict != c.want {
			t.Errorf("steps %v, pools %v: %s, want %s: %v", r.About, r.Pools, r.Verdict, c.want, r.Open)
		}
	}
}

// TestPoolUpgradeUnread takes away what tells of the upgrade of a node pool, a fact at a
// time.
func TestPoolUpgradeUnread(t *testing.T) {
	for _, f := range []facts.Fact{facts.BackendPods, facts.DisruptionBudgets, facts.Nodes, facts.GKENodePools, facts.Services, facts.Endpoints, facts.Attempts, facts.ValidatingWebhooks} {
		s := allClear(t).With(facts.Observation{Fact: f, Absence: facts.Absence{Reason: facts.Forbidden}})
		if r := reportOn(s, nodesAlone, "default-pool"); r.Verdict == preflight.Ready {
			t.Errorf("without %s it is ready", f.ID())
		}
	}
}

// A webhook that costs the control plane nothing, and keeps its own Pods from coming back,
// is taken away for good all the same.
func TestPoolUpgradeTakesWhatPodsNeed(t *testing.T) {
	s := allClear(t)
	hooks := slices.Clone(facts.ValidatingWebhooks.Of(s))
	hooks[0] = *hooks[0].DeepCopy()
	rule := &hooks[0].Webhooks[0].Rules[0].Rule
	rule.APIGroups, rule.APIVersions, rule.Resources = []string{""}, []string{"v1"}, []string{"pods"}
	s = s.With(facts.Present(facts.ValidatingWebhooks, hooks))
	r := reportOn(s, nodesAlone, "default-pool")
	if r.Verdict != preflight.NotReady || !slices.ContainsFunc(r.Findings, func(f preflight.Finding) bool { return f.Check == "GP129" && f.Severity == preflight.Blocker }) {
		t.Errorf("%s: %v", r.Verdict, r.Findings)
	}
	if r := reportOn(s, nil); r.Verdict != preflight.Ready {
		t.Errorf("the control plane is %s", r.Verdict)
	}
}

// What nodes need and a webhook denies of a sketch, or was not asked about, is no comfort
// for nodes; to the control plane, whose cluster writes the same all the time, it is open.
func TestOpenLinesOfNodes(t *testing.T) {
	base := func(t *testing.T) *facts.Snapshot {
		return surging(replicas(allClear(t), "gke-prod-default-pool-213bbacc-0000"), facts.UpgradeSettings{MaxSurge: 1})
	}
	denying := func(of func(facts.Attempt) bool) func(*facts.Snapshot) *facts.Snapshot {
		return func(s *facts.Snapshot) *facts.Snapshot {
			all := slices.Clone(facts.Attempts.Of(s))
			for n, a := range all {
				if a.Vantage != facts.ServerDryRun && a.As != "" && a.Shown == "" && of(a) {
					all[n].Answer = facts.Denied
				}
			}
			return s.With(facts.Present(facts.Attempts, all))
		}
	}
	about := func(words ...string) func(facts.Attempt) bool {
		return func(a facts.Attempt) bool {
			return slices.ContainsFunc(words, func(w string) bool { return strings.Contains(a.Write, w) })
		}
	}
	for name, c := range map[string]struct {
		change func(*facts.Snapshot) *facts.Snapshot
		line   string
		want   preflight.Verdict
	}{
		"as it is":     {func(s *facts.Snapshot) *facts.Snapshot { return s }, "", preflight.Ready},
		"system pods":  {denying(about("CREATE pods kube-system/")), "pods of kube-system", preflight.Inconclusive},
		"signing":      {denying(about("certificatesigningrequests")), "certificate signing requests", preflight.Inconclusive},
		"tokens":       {denying(about("serviceaccounts/token")), "service account tokens", preflight.Inconclusive},
		"volumes":      {denying(about("csinodes", "volumeattachments", "persistentvolumes")), "CSI nodes", preflight.Inconclusive},
		"pods of apps": {denying(about("pods default/")), "pods of DaemonSets", preflight.Inconclusive},
		"add-ons":      {denying(about("serviceaccounts kube-system", "configmaps kube-system/kube-dns")), "", preflight.Ready},
		"nobody was asked": {func(s *facts.Snapshot) *facts.Snapshot {
			asked := slices.DeleteFunc(slices.Clone(facts.Attempts.Of(s)), func(a facts.Attempt) bool {
				return about("pods/eviction", "DELETE pods", "csinodes", "volumeattachments", "persistentvolumes", "default/", "replicasets.apps/status")(a) && a.As != "system:apiserver"
			})
			m := s.Meta
			m.NodeWrites = false
			return s.With(facts.Present(facts.Attempts, asked)).WithMeta(m)
		}, "evictions", preflight.Inconclusive},
	} {
		t.Run(name, func(t *testing.T) {
			s := c.change(base(t))
			for _, steps := range [][]preflight.Step{nodesAlone, preflight.Steps()} {
				r := reportOn(s, steps)
				if r.Verdict != c.want {
					t.Errorf("steps %v: %s, want %s: %v", steps, r.Verdict, c.want, r.Open)
				}
				if c.line != "" && !slices.ContainsFunc(r.Open, func(o preflight.OpenQuestion) bool {
					return o.Subject.Name == c.line && o.Severity == preflight.Blocker && strings.Contains(o.Reason, "validating-webhook.openpolicyagent.org")
				}) {
					t.Errorf("steps %v: %s and the webhook are not named: %v", steps, c.line, r.Open)
				}
			}
			if r := reportOn(s, nil); r.Verdict != preflight.Ready {
				t.Errorf("the control plane is %s: %v", r.Verdict, r.Open)
			}
		})
	}
}
