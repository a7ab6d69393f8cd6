package cluster

import (
	"fmt"
	"math"
	"net/netip"
	"slices"

	"github.com/gke-preflight/gke-preflight/checks/finding"
	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/remedy"
)

var crowdedPercent = preflight.Threshold{Check: "GP520", Name: "percent", Default: 80, Min: 1, Max: 100, What: "how much of a range is taken when it is told"}

var podAddressesRunOut = preflight.Check{
	ID:         "GP520",
	Name:       "pod-addresses-run-out",
	Title:      "A node pool has few addresses left for the Pods of new nodes",
	Severity:   preflight.Warning,
	Steps:      []preflight.Step{preflight.NodesStep},
	Needs:      []facts.Fact{facts.GKENodePools, facts.GKESettings, facts.Nodes},
	Thresholds: []preflight.Threshold{crowdedPercent},
	Run: func(s *facts.Snapshot) (fs []preflight.Finding) {
		sizes := finding.PoolSizes(s)
		for i, p := range facts.GKENodePools.Of(s) {
			r, at := rangeOf(s, i, p)
			if r.Utilization == 0 || p.Pods.Prefix == 0 {
				continue
			}
			extra := extraNodes(p, sizes[p.Name])
			each := int64(1) << (32 - p.Pods.Prefix)
			room := freeNodes(r, each)
			if 100*r.Utilization < float64(crowdedPercent.Of(s)) && (room < 0 || room >= extra) {
				continue
			}
			f := preflight.Finding{
				Severity: preflight.Warning, Subject: finding.PoolSubject(p),
				Summary:  fmt.Sprintf("node pool %s: %.0f %% of the addresses for its Pods are taken (range %s)", p.Name, 100*r.Utilization, r.named()),
				Evidence: []preflight.Evidence{at, finding.EvidenceOf(facts.GKENodePools, p.Pods.Prefix, fmt.Sprintf("%d addresses for each node", each), "/%d/pods/prefix", i)},
				Steps: remedy.Do("give the cluster another range, for new node pools", finding.ClusterCommand(s, "update", "--additional-pod-ipv4-ranges", "RANGE")).
					Where("RANGE", "the name of a secondary range of its subnetwork").
					Or("replace this pool by one with fewer Pods on each node"),
			}
			switch {
			case room < 0:
				f.Summary += fmt.Sprintf("; an upgrade of it needs %d more for each of %s that it adds at a time", each, finding.Count(int(extra), "node"))
			case room < extra:
				f.Summary += fmt.Sprintf("; about %s more fit in, and an upgrade of it adds %d at a time: it halts, and nodes that are repaired may not come back", finding.Count(int(room), "node"), extra)
			default:
				f.Summary += fmt.Sprintf("; about %s more fit in", finding.Count(int(room), "node"))
			}
			fs = append(fs, f)
		}
		return fs
	},
}

type addressRange struct{ facts.AddressRange }

func (r addressRange) named() string {
	if r.Name == "" {
		return "of the cluster"
	}
	return r.Name
}

// rangeOf is the range that the pool takes its Pods' addresses from: its own, or
// the cluster's. Of the pool's own range the API tells the share alone.
func rangeOf(s *facts.Snapshot, i int, p facts.NodePool) (addressRange, preflight.Evidence) {
	ranges := facts.GKESettings.Of(s).PodRanges
	n := slices.IndexFunc(ranges, func(r facts.AddressRange) bool { return p.Pods.Range == "" || r.Name == p.Pods.Range })
	r := addressRange{facts.AddressRange{Name: p.Pods.Range}}
	if n >= 0 {
		r.AddressRange = ranges[n]
	}
	if p.Pods.Utilization > 0 {
		r.Utilization = p.Pods.Utilization
		return r, finding.EvidenceOf(facts.GKENodePools, p.Pods.Utilization, "", "/%d/pods/utilization", i)
	}
	return r, finding.EvidenceOf(facts.GKESettings, r.Utilization, "", "/podRanges/%d/utilization", n)
}

// extraNodes is how many nodes an upgrade of the pool adds at a time: those of its
// surge, or, blue-green, as many as there are. A repair needs one.
func extraNodes(p facts.NodePool, size int) int64 {
	if p.Upgrade.Strategy == "BLUE_GREEN" {
		return max(1, int64(size))
	}
	return max(1, int64(p.Upgrade.MaxSurge))
}

// freeNodes is for how many more nodes the range has addresses; -1 where its size
// is not known.
func freeNodes(r addressRange, each int64) int64 {
	block, err := netip.ParsePrefix(r.Block)
	if err != nil || !block.Addr().Is4() {
		return -1
	}
	size := math.Exp2(float64(32 - block.Bits()))
	return int64(math.Max(0, size*(1-r.Utilization)) / float64(each))
}
