package workloads

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/gke-preflight/gke-preflight/checks/finding"
	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/remedy"
)

// perPool judges each node pool.
func perPool(s *facts.Snapshot, judge func(int, facts.NodePool) *preflight.Finding) (fs []preflight.Finding) {
	for i, p := range facts.GKENodePools.Of(s) {
		if f := judge(i, p); f != nil {
			f.Subject = finding.PoolNamed(p.Name)
			fs = append(fs, *f)
		}
	}
	return fs
}

// extra is how many nodes an upgrade of the pool has at most beside those that it has.
func extra(u facts.UpgradeSettings, size int) int {
	if u.Strategy == "BLUE_GREEN" {
		return size
	}
	return int(u.MaxSurge)
}

var stockoutProne = preflight.Check{
	ID:         "GP412",
	Name:       "stockout-prone",
	Title:      "A node pool's upgrade needs machines that are often out of stock",
	Severity:   preflight.Info,
	Steps:      []preflight.Step{preflight.NodesStep},
	Needs:      []facts.Fact{facts.GKENodePools, facts.Nodes},
	Thresholds: []preflight.Threshold{manyCores},
	Run: func(s *facts.Snapshot) []preflight.Finding {
		sizes := finding.PoolSizes(s)
		return perPool(s, func(i int, p facts.NodePool) *preflight.Finding {
			need, why, path, value := extra(p.Upgrade, sizes[p.Name]), "", "", any(nil)
			t := p.Template
			switch {
			case need == 0:
				return nil
			case t.TPUTopology != "":
				why, path, value = "TPUs of topology "+t.TPUTopology, "tpuTopology", t.TPUTopology
			case len(t.Accelerators) > 0:
				kind := slices.Sorted(maps.Keys(t.Accelerators))[0]
				why, path, value = kind, "accelerators/"+kind, t.Accelerators[kind]
			case t.Compact:
				why, path, value = "a compact placement", "compact", true
			case cores(t.MachineType) >= manyCores.Of(s):
				why, path, value = "machine type "+t.MachineType, "machineType", t.MachineType
			default:
				return nil
			}
			where := ""
			if len(p.Locations) == 1 {
				where = " in zone " + p.Locations[0] + " alone"
			}
			return &preflight.Finding{
				Severity: preflight.Info,
				Summary:  fmt.Sprintf("an upgrade of node pool %s needs %s more with %s%s; where there is no such machine to be had, it waits for one and holds up every other operation on the cluster", p.Name, finding.Count(need, "node"), why, where),
				Evidence: []preflight.Evidence{{Fact: facts.GKENodePools.ID(), Path: fmt.Sprintf("/%d/template/%s", i, path), Value: value}},
				Steps:    remedy.Do("reserve one").Or("let the upgrade take a node away first", finding.PoolCommand(s, "update", p.Name, finding.OneLess()...)),
			}
		})
	},
}

var manyCores = preflight.Threshold{Check: "GP412", Name: "cores", Default: 60, Min: 1, Max: 1000, What: "from how many cores on a machine is large"}

// cores is the number at the end of a machine type, such as 96 of n2-standard-96;
// zero for one without.
func cores(machine string) int {
	for _, part := range strings.Split(machine, "-") {
		if n, err := strconv.Atoi(part); err == nil {
			return n
		}
	}
	return 0
}
