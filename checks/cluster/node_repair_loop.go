package cluster

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/gke-preflight/gke-preflight/checks/finding"
	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/remedy"
)

// Within loopHours two repairs of one node, or loopRepairs in one node pool, are a
// loop rather than bad luck.
var (
	loopHours   = preflight.Threshold{Check: "GP505", Name: "hours", Default: 6, Min: 1, Max: 48, What: "within how long two repairs of a node are a loop"}
	loopRepairs = preflight.Threshold{Check: "GP505", Name: "repairs", Default: 4, Min: 2, Max: 1000, What: "how many repairs in a node pool within that time are a loop"}
	loopDays    = preflight.Threshold{Check: "GP505", Name: "days", Default: 2, Min: 1, Max: 30, What: "how long after its last repair a loop is over"}
)

var nodeRepairLoop = preflight.Check{
	ID:         "GP505",
	Name:       "node-repair-loop",
	Title:      "Auto-repair recreates the same nodes again and again",
	Severity:   preflight.Warning,
	Steps:      []preflight.Step{preflight.NodesStep},
	Needs:      []facts.Fact{facts.GKEOperations},
	Thresholds: []preflight.Threshold{loopHours, loopRepairs, loopDays},
	Run: func(s *facts.Snapshot) (fs []preflight.Finding) {
		span := loopHours.Duration(s)
		pools := repairsByPool(s)
		for _, name := range slices.Sorted(maps.Keys(pools)) {
			r := pools[name]
			nodes := r.looping(span)
			within, n := densest(r.all, span)
			if len(nodes) == 0 && n < loopRepairs.Of(s) {
				continue
			}
			what := fmt.Sprintf("%d repairs of its nodes within %s", n, finding.Age(within))
			if len(nodes) > 0 {
				what = fmt.Sprintf("%s repaired more than once within %s (%s)", finding.Count(len(nodes), "node"), finding.Age(span), finding.NamesOf(nodes))
			}
			pool := facts.NodePool{Name: name}
			fs = append(fs, preflight.Finding{
				Severity: preflight.Warning, Subject: finding.PoolSubject(pool),
				Summary:  fmt.Sprintf("node pool %s: %s, the last one %s ago; auto-repair takes nodes away faster than they get well, and an upgrade takes more of them", name, what, finding.Age(s.Meta.CollectedAt.Sub(r.last()))),
				Evidence: r.evidence,
				Steps: remedy.Do("find out before upgrading why the nodes don't get or stay ready").
					Then("hold auto-repair off meanwhile, where the nodes are well and only can't report, and this is no Autopilot cluster", finding.PoolCommand(s, "update", pool.Name, "--no-enable-autorepair")),
			})
		}
		return fs
	},
}

// repairs are those of one node pool.
type repairs struct {
	all      []time.Time
	byNode   map[string][]time.Time
	evidence []preflight.Evidence
}

// mostRepairs stand in the evidence.
const mostRepairs = 10

func repairsByPool(s *facts.Snapshot) map[string]*repairs {
	pools := map[string]*repairs{}
	for i, o := range facts.GKEOperations.Of(s) {
		if o.Type != autoRepair || s.Meta.CollectedAt.Sub(o.Start) > loopDays.Duration(s)+loopHours.Duration(s) {
			continue
		}
		pool, node, _ := strings.Cut(strings.TrimPrefix(o.Target, "nodePools/"), "/node/")
		if pools[pool] == nil {
			pools[pool] = &repairs{byNode: map[string][]time.Time{}}
		}
		r := pools[pool]
		r.all = append(r.all, o.Start)
		if node != "" {
			r.byNode[node] = append(r.byNode[node], o.Start)
		}
		if len(r.evidence) < mostRepairs {
			r.evidence = append(r.evidence, finding.EvidenceOf(facts.GKEOperations, o.Target, o.Start.UTC().Format(time.DateTime), "/%d/target", i))
		}
	}
	maps.DeleteFunc(pools, func(_ string, r *repairs) bool { return s.Meta.CollectedAt.Sub(r.last()) > loopDays.Duration(s) })
	return pools
}

func (r *repairs) last() time.Time { return slices.MaxFunc(r.all, time.Time.Compare) }

// looping are the nodes that were repaired twice within span.
func (r *repairs) looping(span time.Duration) (nodes []string) {
	for name, starts := range r.byNode {
		if _, n := densest(starts, span); n > 1 {
			nodes = append(nodes, name)
		}
	}
	slices.Sort(nodes)
	return nodes
}

// densest finds the most repairs within span, and the time that they took.
func densest(starts []time.Time, span time.Duration) (within time.Duration, n int) {
	starts = slices.SortedFunc(slices.Values(starts), time.Time.Compare)
	for i, from := range starts {
		j := i
		for j+1 < len(starts) && starts[j+1].Sub(from) <= span {
			j++
		}
		if j-i+1 > n {
			within, n = starts[j].Sub(from), j-i+1
		}
	}
	return within, n
}
