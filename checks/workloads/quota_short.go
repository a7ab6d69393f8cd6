package workloads

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/gke-preflight/gke-preflight/checks/finding"
	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/remedy"
)

var quotaShort = preflight.Check{
	ID:       "GP413",
	Name:     "quota-short",
	Title:    "The quota leaves less than an upgrade of nodes needs",
	Severity: preflight.Warning,
	Steps:    []preflight.Step{preflight.NodesStep},
	Needs:    []facts.Fact{facts.GKENodePools, facts.Nodes, facts.GKEQuotas},
	Uses:     []facts.Fact{facts.GKECluster},
	Run: func(s *facts.Snapshot) (fs []preflight.Finding) {
		region, sizes := facts.GKEQuotas.Of(s), finding.PoolSizes(s)
		short := map[int][]shortPool{}
		unknown := map[string][]string{}
		for i, p := range facts.GKENodePools.Of(s) {
			nodes := extra(p.Upgrade, sizes[p.Name])
			if nodes == 0 {
				continue
			}
			needs, unjudged := drawsOn(p.Template, region.Quotas)
			for _, what := range unjudged {
				unknown[what] = append(unknown[what], p.Name)
			}
			for n, each := range needs {
				if need := each * float64(nodes); need > left(region.Quotas[n]) {
					short[n] = append(short[n], shortPool{p, i, nodes, need})
				}
			}
		}
		for _, n := range slices.Sorted(maps.Keys(short)) {
			fs = append(fs, quotaFinding(s, region, n, short[n]))
		}
		for _, what := range slices.Sorted(maps.Keys(unknown)) {
			fs = append(fs, preflight.Finding{Severity: preflight.Info, Subject: preflight.Subject{Kind: "Quota", Name: what},
				Undecided: fmt.Sprintf("whether the quota has room for what an upgrade of node pool %s adds: the quotas of %s do not tell which one %s draw on", finding.NamesOf(unknown[what]), region.Region, what)})
		}
		return fs
	},
}

// A shortPool is a node pool whose upgrade needs more than a quota leaves.
type shortPool struct {
	facts.NodePool
	at, nodes int
	need      float64
}

func left(q facts.Quota) float64 { return max(0, q.Limit-q.Usage) }

func quotaFinding(s *facts.Snapshot, region facts.RegionQuotas, n int, pools []shortPool) preflight.Finding {
	slices.SortStableFunc(pools, func(a, b shortPool) int { return int(b.need) - int(a.need) })
	q, worst := region.Quotas[n], pools[0]
	also := ""
	if len(pools) > 1 {
		var names []string
		for _, p := range pools[1:] {
			names = append(names, p.Name)
		}
		also = fmt.Sprintf(" (it is too little for %s, too)", finding.NamesOf(names))
	}
	f := preflight.Finding{
		Severity: preflight.Warning, Subject: preflight.Subject{Kind: "Quota", Name: q.Metric},
		Summary: fmt.Sprintf("quota %s of %s leaves %g of %g, and node pool %s needs %g for the %s that its upgrade adds at a time%s: the upgrade waits or fails, and so does the autoscaler",
			q.Metric, region.Region, left(q), q.Limit, worst.Name, worst.need, finding.Count(worst.nodes, "node"), also),
		Evidence: []preflight.Evidence{
			finding.EvidenceOf(facts.GKEQuotas, q.Usage, fmt.Sprintf("of %g", q.Limit), "/quotas/%d/usage", n),
			finding.EvidenceOf(facts.GKENodePools, worst.Template.MachineType, "", "/%d/template/machineType", worst.at),
		},
		Steps: remedy.Do("ask for more of it at https://console.cloud.google.com/iam-admin/quotas?project="+s.Meta.Cluster.Project+", and see what is taken",
			remedy.Sh("gcloud compute regions describe %s --project %s", region.Region, s.Meta.Cluster.Project)),
	}
	if c, ok := facts.GKECluster.Get(s); ok && !c.Autopilot {
		flags := finding.OneLess()
		if worst.Upgrade.Strategy == "BLUE_GREEN" {
			flags = append([]string{"--enable-surge-upgrade"}, flags...)
		}
		f.Steps = f.Steps.Or("let the upgrade take a node away first", finding.PoolCommand(s, "update", worst.Name, flags...))
	}
	return f
}

// drawsOn is how much one node takes of which quotas, by their places, and what of
// it draws on quotas that are not known.
func drawsOn(t facts.NodeTemplate, quotas []facts.Quota) (needs map[int]float64, unknown []string) {
	needs = map[int]float64{}
	need := func(amount float64, what string, metrics ...string) {
		for _, m := range metrics {
			n := slices.IndexFunc(quotas, func(q facts.Quota) bool { return q.Metric == m })
			preemptible := strings.HasPrefix(m, preemptible)
			if n >= 0 && (!preemptible || t.Spot && quotas[n].Limit > 0) {
				needs[n] += amount
				return
			}
		}
		unknown = append(unknown, what)
	}
	need(1, "nodes", "INSTANCES")
	if !t.Private {
		need(1, "addresses", "IN_USE_ADDRESSES")
	}
	family, _, _ := strings.Cut(t.MachineType, "-")
	cpus := strings.ToUpper(family) + "_CPUS"
	if slices.Contains(ofDefaultCPUs, family) {
		cpus = "CPUS"
	}
	if n := virtualCPUs(t.MachineType); n > 0 {
		need(float64(n), "CPUs of "+family+" machines", preemptible+"CPUS", cpus)
	} else {
		unknown = append(unknown, "CPUs of "+cmp.Or(t.MachineType, "machines of an unknown type"))
	}
	for kind, n := range t.Accelerators {
		gpu := "NVIDIA_" + strings.ReplaceAll(strings.ToUpper(strings.TrimPrefix(strings.TrimPrefix(kind, "nvidia-"), "tesla-")), "-", "_") + "_GPUS"
		need(float64(n), kind, preemptible+gpu, gpu)
	}
	if t.LocalSSDs > 0 {
		need(float64(t.LocalSSDs)*localSSD, "local SSDs", preemptible+"LOCAL_SSD_GB", "LOCAL_SSD_TOTAL_GB")
	}
	if t.DiskGB > 0 {
		need(float64(t.DiskGB), "boot disks of type "+t.DiskType, diskQuota[t.DiskType])
	} else {
		unknown = append(unknown, "boot disks of an unknown size")
	}
	return needs, unknown
}

const (
	// preemptible is how the quotas begin that spot nodes draw on where they are
	// granted (cloud.google.com/compute/resource-usage).
	preemptible = "PREEMPTIBLE_"
	// localSSD is the size of one local SSD in GB
	// (cloud.google.com/compute/docs/disks/local-ssd).
	localSSD = 375
)

// ofDefaultCPUs are the families of machines that draw on the quota CPUS rather than
// on one of their own (cloud.google.com/compute/resource-usage).
var ofDefaultCPUs = []string{"n1", "e2", "f1", "g1", "custom"}

// diskQuota is the quota that a type of boot disk draws on.
var diskQuota = map[string]string{"pd-standard": "DISKS_TOTAL_GB", "pd-balanced": "SSD_TOTAL_GB", "pd-ssd": "SSD_TOTAL_GB", "hyperdisk-balanced": "HDB_TOTAL_GB"}

// virtualCPUs is how many a machine of the type has; zero where its name does not
// tell.
func virtualCPUs(machine string) int {
	switch machine {
	case "f1-micro", "g1-small":
		return 1
	case "e2-micro", "e2-small", "e2-medium":
		return 2
	}
	return cores(machine)
}
