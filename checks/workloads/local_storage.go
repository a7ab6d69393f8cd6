package workloads

import (
	"fmt"
	"maps"
	"slices"

	"github.com/gke-preflight/gke-preflight/checks/finding"
	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/remedy"
)

var localStorage = preflight.Check{
	ID:       "GP405",
	Name:     "local-storage",
	Title:    "A workload keeps data on its node",
	Severity: preflight.Warning,
	Steps:    []preflight.Step{preflight.NodesStep},
	Needs:    []facts.Fact{facts.PodGroups},
	Uses:     []facts.Fact{facts.LocalVolumes, facts.GKENodePools},
	Run: func(s *facts.Snapshot) []preflight.Finding {
		ssd := ssdPools(s)
		fs := finding.Alike(perGroup(s, func(g group) *preflight.Finding { return stored(g, ssd) }), "Workloads", "keep data on their nodes, which is lost when those are recreated")
		fs = append(fs, finding.Unread(s, facts.LocalVolumes, "whether pods use volumes that are on one node alone can't be told")...)
		return append(fs, finding.Unread(s, facts.GKENodePools, "whether pods keep data on local SSDs can't be told")...)
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
