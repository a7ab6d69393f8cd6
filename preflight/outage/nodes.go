package outage

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/gke-preflight/gke-preflight/preflight/admission"
	"github.com/gke-preflight/gke-preflight/preflight/clocks"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/forecast"
	"github.com/gke-preflight/gke-preflight/preflight/lifeline"
	"github.com/gke-preflight/gke-preflight/preflight/version"
)

const (
	renewalSource  = "kubernetes pkg/kubelet/kubelet.go, nodeLeaseRenewIntervalFraction: a quarter of 40 s"
	graceSource    = "kubernetes pkg/controller/nodelifecycle/config/v1alpha1/defaults.go, NodeMonitorGracePeriod; what GKE sets is not published"
	evictionSource = "kubernetes plugin/pkg/admission/defaulttolerationseconds; pkg/controller/nodelifecycle/node_lifecycle_controller.go, handleDisruption"
	repairPage     = "cloud.google.com/kubernetes-engine/docs/how-to/node-auto-repair"
)

// notReady is when nodes count as not ready, and which. A controller manager that
// reads the live Lease marks nobody while the API does not answer, as none can, and
// afterwards not those that renewed it in between: what it has in its cache of
// Leases may be old. While that is so it judges no node at all. Where the API
// answers and rejects renewals, the live Lease is as old as the cached one.
func notReady(s *facts.Snapshot, since Event) Moment {
	running, _ := facts.ServerVersion.Get(s)
	m := Moment{NodesNotReady, since, from(clocks.SilenceOf(running.GitVersion)), "nodes", "nodes count as NotReady, as soon as a controller can see and say it", graceSource, nil}
	if !version.LiveLeases.In(running.GitVersion) && !version.LiveLeases.In(s.Meta.Target) {
		return m
	}
	who := "the controller manager"
	if !version.LiveLeases.In(running.GitVersion) {
		who = "a controller manager of " + version.LiveLeases.Since
	}
	m.Source += "; " + version.LiveLeases.Source
	if since == HeartbeatsLost {
		m.Text += fmt.Sprintf("; %s reads each live Lease first, which is as old as it seems", who)
	} else {
		m.Text += fmt.Sprintf("; %s reads each live Lease first, so that nodes that renew theirs while the API comes and goes are spared", who)
	}
	return m
}

func heartbeatsLost(f forecast.Forecast) bool {
	return slices.ContainsFunc(f.Lifelines, func(l forecast.Lifeline) bool {
		return l.Group == string(lifeline.Heartbeats) && l.Outcome == forecast.Lost
	})
}

// nodes is what becomes of nodes and pods, counted from since.
func nodes(s *facts.Snapshot, f forecast.Forecast, since Event, culprits []admission.Culprit) []Moment {
	running, _ := facts.ServerVersion.Get(s)
	silence := clocks.SilenceOf(running.GitVersion)
	unready := notReady(s, since)
	repair := Moment{RepairBegins, since, from(clocks.Repair), "node pools", "", repairPage, nil}
	n := f.Nodes
	switch {
	case n.Total < 0:
		repair.Text = "auto-repair, where a node pool has it, begins to drain nodes; how many there are is not known"
	case n.Exposed < 0:
		repair.Text = fmt.Sprintf("auto-repair, where a node pool has it, begins to drain and recreate its nodes (%d nodes in the cluster)", n.Total)
	case n.Exposed == 0:
		repair.Text = fmt.Sprintf("no auto-repair: none of the %d nodes is in a pool that has it", n.Total)
	default:
		repair.Text = fmt.Sprintf("auto-repair begins to drain and recreate nodes, several at a time and fewer the more are broken: %d of %d are in pools that have it", n.Exposed, n.Total)
	}
	for _, p := range n.Pools {
		repair.Affected = append(repair.Affected, Affected{What: "node pool " + p.Name, Count: p.Nodes})
	}
	ms := []Moment{
		{RenewalsFail, since, between(0, clocks.LeaseRenewal), "nodes", fmt.Sprintf("kubelets can't renew their leases, which they do every %.0f s", clocks.LeaseRenewal.Seconds()), renewalSource, nil},
		unready,
		{PodsEvicted, since, from(silence + clocks.Toleration), "pods", fmt.Sprintf("pods of NotReady nodes are deleted, %.0f min after that; but not while all nodes are NotReady", clocks.Toleration.Minutes()), evictionSource, nil},
		repair,
	}
	if n.Exposed == 0 {
		return ms
	}
	deleted := Moment{NodesDeleted, since, from(clocks.Repair + shortestDrain(s)), "node pools", "drains reach their limit, and nodes are deleted, whatever their disruption budgets say", repairPage, casualties(s, n.Pools)}
	if lost := said(deleted.Affected); lost != "" {
		deleted.Text += "; there " + lost
	}
	again := Moment{RepairRepeats, since, nil, "node pools", "new nodes can't join meanwhile, and are repaired again; how soon is not known", repairPage, nil}
	again.Affected = backendNodes(s, n.Pools, culprits)
	for _, a := range again.Affected {
		again.Text += fmt.Sprintf("; %s is on %s: the loop feeds itself", a.What, strings.Join(a.Names, ", "))
	}
	return append(ms, deleted, again)
}

// shortestDrain is an hour, or less where a node pool with auto-repair says so:
// whether auto-repair heeds that is not documented.
func shortestDrain(s *facts.Snapshot) time.Duration {
	shortest := clocks.Drain
	pools, _ := facts.GKENodePools.Get(s)
	for _, p := range pools {
		if d := p.Upgrade.DrainSeconds; d != nil && p.AutoRepair {
			shortest = min(shortest, time.Duration(*d)*time.Second)
		}
	}
	return shortest
}

// casualties count what runs in the pools and does not survive its node.
func casualties(s *facts.Snapshot, pools []forecast.Pool) []Affected {
	groups, ok := facts.PodGroups.Get(s)
	if !ok || pools == nil {
		return nil
	}
	onSSD := map[string]bool{}
	all, _ := facts.GKENodePools.Get(s)
	for _, p := range all {
		onSSD[p.Name] = p.Template.LocalSSDs > 0
	}
	kinds := []struct {
		what string
		is   func(facts.PodGroup) bool
	}{
		{"pod without a controller, gone for good", func(g facts.PodGroup) bool { return g.Kind == "Pod" }},
		{"workload with data on its node", func(g facts.PodGroup) bool {
			kept := g.Kind == "StatefulSet" || slices.ContainsFunc(slices.Collect(maps.Keys(g.Pools)), func(pool string) bool { return onSSD[pool] })
			return g.LocalClaim != "" || g.HostPath != "" || g.EmptyDir != "" && kept
		}},
		{"workload with a single replica", func(g facts.PodGroup) bool { return g.Pods == 1 && (g.Kind == "Deployment" || g.Kind == "StatefulSet") }},
	}
	var out []Affected
	for _, k := range kinds {
		a := Affected{What: k.what}
		for _, g := range groups {
			there := slices.ContainsFunc(pools, func(p forecast.Pool) bool { return g.Pools[p.Name] > 0 })
			if there && g.Kind != "DaemonSet" && k.is(g) {
				a.add(g.Namespace + "/" + g.Name)
			}
		}
		if a.Count > 0 {
			out = append(out, a)
		}
	}
	return append(out, budgets(s)...)
}

func budgets(s *facts.Snapshot) []Affected {
	a := Affected{What: "disruption budget that no eviction would satisfy, ignored"}
	all, _ := facts.DisruptionBudgets.Get(s)
	for _, b := range all {
		if b.DisruptionsAllowed <= 0 && b.ExpectedPods > 0 {
			a.add(b.Namespace + "/" + b.Name)
		}
	}
	if a.Count == 0 {
		return nil
	}
	return []Affected{a}
}

// add counts one more, and keeps its name while they are few.
func (a *Affected) add(name string) {
	if a.Count++; len(a.Names) < 5 && !slices.Contains(a.Names, name) {
		a.Names = append(a.Names, name)
	}
}

func said(as []Affected) string {
	var parts []string
	for _, a := range as {
		noun, rest, _ := strings.Cut(a.What, " ")
		if a.Count > 1 {
			if noun == "disruption" {
				rest = strings.Replace(rest, "budget", "budgets", 1)
			} else {
				noun += "s"
			}
		}
		parts = append(parts, fmt.Sprintf("%d %s %s", a.Count, noun, rest))
	}
	return cmp.Or(strings.Join(parts, "; "), "")
}
