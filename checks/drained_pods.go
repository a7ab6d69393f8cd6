package checks

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/clocks"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/remedy"
)

// perGroup judges each group of the user's that a drain evicts.
func perGroup(s *facts.Snapshot, judge func(group) *preflight.Finding) (fs []preflight.Finding) {
	for _, g := range usersGroups(s) {
		if f := judge(g); f != nil {
			f.Subject = g.subject()
			fs = append(fs, *f)
		}
	}
	return fs
}

var podWithoutController = preflight.Check{
	ID:       "GP404",
	Name:     "pod-without-controller",
	Title:    "A pod that a drain ends is not created again",
	Severity: preflight.Warning,
	Needs:    []facts.Fact{facts.PodGroups},
	Run: func(s *facts.Snapshot) []preflight.Finding {
		return alike(perGroup(s, func(g group) *preflight.Finding {
			if g.Kind != "Pod" {
				return nil
			}
			return &preflight.Finding{
				Severity: preflight.Warning,
				Summary:  fmt.Sprintf("pod %s/%s has no controller: when its node is upgraded or repaired it is gone for good", g.Namespace, g.Name),
				Evidence: g.evidence("kind", "Pod", "no controller made it"),
				Steps: remedy.Do("run it by a Deployment, StatefulSet or Job").
					Or("keep what it takes to create it again", remedy.Sh("kubectl --namespace %s get pod %s --output yaml", g.Namespace, g.Name)),
			}
		}), "Pods", "have no controller, and are gone for good when their nodes are upgraded or repaired")
	},
}

var localStorage = preflight.Check{
	ID:       "GP405",
	Name:     "local-storage",
	Title:    "A workload keeps data on its node",
	Severity: preflight.Warning,
	Needs:    []facts.Fact{facts.PodGroups},
	Uses:     []facts.Fact{facts.LocalVolumes, facts.GKENodePools},
	Run: func(s *facts.Snapshot) []preflight.Finding {
		ssd := ssdPools(s)
		fs := alike(perGroup(s, func(g group) *preflight.Finding { return stored(g, ssd) }), "Workloads", "keep data on their nodes, which is lost when those are recreated")
		fs = append(fs, unread(s, facts.LocalVolumes, "whether pods use volumes that are on one node alone can't be told")...)
		return append(fs, unread(s, facts.GKENodePools, "whether pods keep data on local SSDs can't be told")...)
	},
}

// ssdPools are the node pools whose nodes have local SSDs.
func ssdPools(s *facts.Snapshot) map[string]bool {
	ssd := map[string]bool{}
	pools, _ := facts.GKENodePools.Get(s)
	for _, p := range pools {
		ssd[p.Name] = p.Template.LocalSSDs > 0
	}
	return ssd
}

func stored(g group, ssd map[string]bool) *preflight.Finding {
	onSSD := slices.ContainsFunc(slices.Sorted(maps.Keys(g.Pools)), func(pool string) bool { return ssd[pool] })
	f := &preflight.Finding{Severity: preflight.Info, Steps: remedy.Do("see that what is there can be lost").Or("move it to a volume that outlives the node", g.edit())}
	switch {
	case g.LocalClaim != "":
		f.Severity = preflight.Warning
		f.Summary = fmt.Sprintf("%s uses claim %s, whose volume is on one node alone: when that node is recreated the data is lost, and its pod can't be scheduled anywhere else", g, g.LocalClaim)
		f.Evidence = g.evidence("localClaim", g.LocalClaim, "a local volume")
	case g.HostPath != "":
		f.Summary = fmt.Sprintf("%s writes to directory %s of its node, which is lost when the node is recreated", g, g.HostPath)
		f.Evidence = g.evidence("hostPath", g.HostPath, "a writable hostPath")
	case g.EmptyDir != "" && onSSD:
		f.Summary = fmt.Sprintf("%s keeps emptyDir %s on nodes with local SSDs; it is lost when its pod is evicted", g, g.EmptyDir)
		f.Evidence = g.evidence("emptyDir", g.EmptyDir, "an emptyDir on disk")
	case g.EmptyDir != "" && (g.Kind == "StatefulSet" || g.Kind == "Pod"):
		f.Summary = fmt.Sprintf("%s keeps emptyDir %s, which is lost when its pod is evicted", g, g.EmptyDir)
		f.Evidence = g.evidence("emptyDir", g.EmptyDir, "an emptyDir on disk")
	default:
		return nil
	}
	return f
}

var graceBeyondDrain = preflight.Check{
	ID:       "GP406",
	Name:     "grace-beyond-drain",
	Title:    "A pod asks for more time to end than a drain gives",
	Severity: preflight.Warning,
	Needs:    []facts.Fact{facts.PodGroups},
	Uses:     []facts.Fact{facts.GKENodePools},
	Run: func(s *facts.Snapshot) []preflight.Finding {
		limits := map[string]int64{}
		pools, known := facts.GKENodePools.Get(s)
		for _, p := range pools {
			if p.Upgrade.GraceSeconds != nil {
				limits[p.Name] = *p.Upgrade.GraceSeconds
			}
		}
		open := false
		fs := alike(perGroup(s, func(g group) *preflight.Finding {
			limit := int64(clocks.Drain / time.Second)
			for pool := range g.Pools {
				if l, ok := limits[pool]; ok {
					limit = min(limit, l)
				}
			}
			if g.GraceSeconds <= limit {
				open = open || g.GraceSeconds > 0 && !known
				return nil
			}
			return &preflight.Finding{
				Severity: preflight.Warning,
				Summary:  fmt.Sprintf("pods of %s ask for %d s to end, and a drain gives them %d s: then they are killed in the middle of their work", g, g.GraceSeconds, limit),
				Evidence: g.evidence("graceSeconds", g.GraceSeconds, "terminationGracePeriodSeconds"),
				Steps:    remedy.Do("let them end in less", g.edit()).Or("let them resume what was cut off"),
			}
		}), "Workloads", "ask for more time to end than a drain gives")
		if open {
			fs = append(fs, unread(s, facts.GKENodePools, "whether a node pool gives pods less than an hour to end can't be told")...)
		}
		return fs
	},
}

var pinnedToNode = preflight.Check{
	ID:       "GP407",
	Name:     "pinned-to-node",
	Title:    "A workload asks for one node by its name",
	Severity: preflight.Warning,
	Needs:    []facts.Fact{facts.PodGroups},
	Run: func(s *facts.Snapshot) []preflight.Finding {
		return alike(perGroup(s, func(g group) *preflight.Finding {
			if len(g.Hosts) == 0 {
				return nil
			}
			what := "node %s by name; an upgrade of its node pool replaces that node by one of another name"
			if len(g.Hosts) > 1 {
				what = "nodes %s by name; an upgrade of their node pools replaces those nodes by others of other names"
			}
			return &preflight.Finding{
				Severity: preflight.Warning,
				Summary:  fmt.Sprintf("%s asks for "+what+", and its pods stay pending", g, few(g.Hosts)),
				Evidence: g.evidence("hosts/0", g.Hosts[0], "required by its pods"),
				Steps: remedy.Do("select nodes by a label of their node pool instead", g.edit(), remedy.YAML("nodeSelector:\n  cloud.google.com/gke-nodepool: POOL")).
					Where("POOL", "the node pool of "+g.Hosts[0], remedy.Sh("kubectl get node %s --label-columns cloud.google.com/gke-nodepool", g.Hosts[0])),
			}
		}), "Workloads", "ask for nodes by their names, and stay pending once those are replaced")
	},
}

var singleReplica = preflight.Check{
	ID:       "GP409",
	Name:     "single-replica",
	Title:    "Workloads have one replica and are away while their node is drained",
	Severity: preflight.Info,
	Needs:    []facts.Fact{facts.PodGroups},
	Run: func(s *facts.Snapshot) []preflight.Finding {
		var names []string
		f := preflight.Finding{Severity: preflight.Info, Subject: preflight.Subject{Kind: "Workloads", Name: "single-replica"}}
		first := group{}
		for _, g := range usersGroups(s) {
			if g.Pods != 1 || g.Kind != "Deployment" && g.Kind != "StatefulSet" && g.Kind != "ReplicaSet" {
				continue
			}
			if names = append(names, g.String()); len(names) == 1 {
				first = g
			}
			if len(names) <= mostAlike {
				f.Evidence = append(f.Evidence, g.evidence("pods", g.Pods, g.String())...)
			}
		}
		if names == nil {
			return nil
		}
		has := "have one replica each and are away while their pods move"
		if len(names) == 1 {
			has = "has one replica and is away while its pod moves"
		}
		f.Summary = fmt.Sprintf("%s %s to another node: %s", count(len(names), "workload"), has, few(names))
		f.Steps = remedy.Do("give those that must not be away a second one", remedy.Sh("kubectl --namespace %s scale %s %s --replicas 2", first.Namespace, strings.ToLower(first.Kind), first.Name))
		return []preflight.Finding{f}
	},
}
