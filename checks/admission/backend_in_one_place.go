package admission

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/gke-preflight/gke-preflight/checks/finding"
	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/remedy"
)

var backendInOnePlace = preflight.Check{
	ID:       "GP132",
	Name:     "backend-in-one-place",
	Title:    "A fail-closed webhook's backend is in one place",
	Severity: preflight.Warning,
	Needs:    stakeNeeds(facts.Endpoints, facts.Nodes),
	Uses:     append(stakeUses(stakeNeeds(facts.Endpoints, facts.Nodes)), facts.BackendWorkloads, facts.PodGroups, facts.NetworkPlugins, facts.CustomResources),
	Run: func(s *facts.Snapshot) (fs []preflight.Finding) {
		for _, k := range stakes(s, ofNodesToo) {
			if f := spread(s, k); f != nil {
				fs = append(fs, *f)
			}
		}
		if open := openStakes(s); open != nil {
			return append(fs, open...)
		}
		return append(fs, finding.Unread(s, facts.PodGroups, "which webhooks see the pods of applications is not known")...)
	},
}

// places are the distinct pods, nodes, zones and node pools of ready endpoints.
type places struct{ pods, nodes, zones, pools map[string]bool }

func spread(s *facts.Snapshot, k stake) *preflight.Finding {
	here, all := places{map[string]bool{}, map[string]bool{}, map[string]bool{}, map[string]bool{}}, places{nil, nil, map[string]bool{}, map[string]bool{}}
	byName := map[string]facts.Node{}
	for _, n := range facts.Nodes.Of(s) {
		byName[n.Name], all.zones[n.Zone], all.pools[n.Pool] = n, true, true
	}
	for _, v := range facts.Endpoints.Of(s) {
		if v.Namespace != k.namespace || v.Service != k.service {
			continue
		}
		for _, e := range v.Endpoints {
			if e.Ready {
				here.pods[e.IP], here.nodes[e.Node] = true, true
				here.zones[byName[e.Node].Zone], here.pools[byName[e.Node].Pool] = true, true
			}
		}
	}
	f := preflight.Finding{Severity: preflight.Warning, Subject: k.subject(), Evidence: endpointEvidence(s, k.subject())}
	switch {
	case len(here.pods) == 0:
		return nil
	case len(here.pods) == 1:
		f.Summary = fmt.Sprintf("%s has one ready replica; while it is moved or restarts, nobody answers for %s%s", k, k.behind(), k.then())
		f.Steps = k.named(s, remedy.Do("run at least two", remedy.Sh("kubectl --namespace %s scale %s --replicas 2", k.namespace, workloadOf(s, k))))
	case inOne(here.nodes):
		f.Summary = fmt.Sprintf("all %d ready replicas of %s are on node %s; when it is drained, nobody answers for %s%s", len(here.pods), k, only(here.nodes), k.behind(), k.then())
		f.Steps = spreadBy(s, k, "kubernetes.io/hostname")
	case inOne(here.zones) && len(all.zones) > 1:
		f.Summary = fmt.Sprintf("all %d ready replicas of %s are in zone %s; when it fails, nobody answers for %s%s", len(here.pods), k, only(here.zones), k.behind(), k.then())
		f.Steps = spreadBy(s, k, "topology.kubernetes.io/zone")
	case inOne(here.pools) && len(all.pools) > 1:
		f.Severity = preflight.Info
		f.Summary = fmt.Sprintf("all %d ready replicas of %s are in node pool %s; while it is upgraded, only a disruption budget keeps one of them", len(here.pods), k, only(here.pools))
		f.Steps = spreadBy(s, k, "cloud.google.com/gke-nodepool")
	default:
		return nil
	}
	return &f
}

// inOne reports whether all are in one place that is known.
func inOne(m map[string]bool) bool { return len(m) == 1 && !m[""] }

func only(m map[string]bool) string {
	for name := range m {
		return name
	}
	return ""
}

func spreadBy(s *facts.Snapshot, k stake, label string) remedy.Steps {
	var selects []string
	for _, key := range slices.Sorted(maps.Keys(k.selector)) {
		selects = append(selects, fmt.Sprintf("%q: %q", key, k.selector[key]))
	}
	return k.named(s, remedy.Do("spread them",
		remedy.Sh("kubectl --namespace %s edit %s", k.namespace, workloadOf(s, k)),
		remedy.YAML(`spec:
  template:
    spec:
      topologySpreadConstraints:
      - maxSkew: 1
        topologyKey: %s
        whenUnsatisfiable: ScheduleAnyway
        labelSelector: {matchLabels: {%s}}`, label, remedy.Raw(strings.Join(selects, ", ")))))
}
