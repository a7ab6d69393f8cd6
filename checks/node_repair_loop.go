package checks

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

const (
	// loopSpan is the time in which two repairs of one node, or loopPool repairs in
	// one node pool, are a loop rather than bad luck.
	loopSpan = 6 * time.Hour
	loopPool = 4
	// loopOver is how long after its last repair a loop is taken to have ended.
	loopOver = 48 * time.Hour
)

var nodeRepairLoop = preflight.Check{
	ID:       "GP505",
	Name:     "node-repair-loop",
	Title:    "Auto-repair recreates the same nodes again and again",
	Severity: preflight.Warning,
	Needs:    []facts.Fact{facts.GKEOperations},
	Run: func(s *facts.Snapshot) (fs []preflight.Finding) {
		pools := repairsByPool(s)
		for _, name := range slices.Sorted(maps.Keys(pools)) {
			r := pools[name]
			nodes := r.looping()
			within, n := densest(r.all)
			if len(nodes) == 0 && n < loopPool {
				continue
			}
			what := fmt.Sprintf("%d repairs of its nodes within %s", n, age(within))
			if len(nodes) > 0 {
				what = fmt.Sprintf("%s repaired more than once within %s (%s)", count(len(nodes), "node"), age(loopSpan), namesOf(nodes))
			}
			pool := facts.NodePool{Name: name}
			fs = append(fs, preflight.Finding{
				Severity: preflight.Warning, Subject: poolSubject(pool),
				Summary:  fmt.Sprintf("node pool %s: %s, the last one %s ago; auto-repair takes nodes away faster than they get well, and an upgrade takes more of them", name, what, age(s.Meta.CollectedAt.Sub(r.last()))),
				Evidence: r.evidence,
				Remedy:   "find out why the nodes don't get or stay ready before upgrading; where they are well and only can't report, hold auto-repair off meanwhile (Standard clusters):\n" + poolCommand(s, "update", pool, "--no-enable-autorepair"),
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
		if o.Type != autoRepair || s.Meta.CollectedAt.Sub(o.Start) > loopOver+loopSpan {
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
			r.evidence = append(r.evidence, evidenceOf(facts.GKEOperations, o.Target, o.Start.UTC().Format(time.DateTime), "/%d/target", i))
		}
	}
	maps.DeleteFunc(pools, func(_ string, r *repairs) bool { return s.Meta.CollectedAt.Sub(r.last()) > loopOver })
	return pools
}

func (r *repairs) last() time.Time { return slices.MaxFunc(r.all, time.Time.Compare) }

// looping are the nodes that were repaired twice within loopSpan.
func (r *repairs) looping() (nodes []string) {
	for name, starts := range r.byNode {
		if _, n := densest(starts); n > 1 {
			nodes = append(nodes, name)
		}
	}
	slices.Sort(nodes)
	return nodes
}

// densest finds the most repairs within loopSpan, and the time that they took.
func densest(starts []time.Time) (within time.Duration, n int) {
	starts = slices.SortedFunc(slices.Values(starts), time.Time.Compare)
	for i, from := range starts {
		j := i
		for j+1 < len(starts) && starts[j+1].Sub(from) <= loopSpan {
			j++
		}
		if j-i+1 > n {
			within, n = starts[j].Sub(from), j-i+1
		}
	}
	return within, n
}
