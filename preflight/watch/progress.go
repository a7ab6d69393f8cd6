package watch

import (
	"strings"
	"time"

	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/rollout"
	"github.com/gke-preflight/gke-preflight/preflight/words"
)

// pace is how far the upgrade of a node pool has come, by when its nodes were made.
type pace struct {
	// pool is the one whose upgrade is followed, and started when that began; empty and
	// zero for any other operation.
	pool    string
	started time.Time
	// nodes is how many old ones there were, and done how many of them were told to be gone.
	nodes, done int
	foretold    bool
}

// followPool takes note of the node pool that the operation upgrades.
func (w *Watch) followPool(o Operation) {
	pool, ok := strings.CutPrefix(o.Target, "nodePools/")
	if o.Type == upgradeNodes && ok && !strings.Contains(pool, "/") {
		w.pace.pool, w.pace.started = pool, o.Start
	}
	w.foretellPool()
}

// foretellPool says once what was foretold of the pool: what stands in its way, and how
// long it takes.
func (w *Watch) foretellPool() {
	p, known := w.poolForetold()
	if !known || w.pace.foretold {
		return
	}
	w.pace.foretold = true
	text := "nothing found that stops its upgrade"
	if p.Blockers > 0 {
		text = words.Count(p.Blockers, "blocker") + " to its upgrade"
	} else if p.Verdict != preflight.Ready {
		text = "what could hide a blocker to its upgrade was not seen"
	}
	if p.Takes != (rollout.Estimate{}) {
		text += "; how long it takes: " + p.Takes.Range()
	}
	if how := p.Takes.How(); how != "" {
		text += " (" + how + ")"
	}
	w.say(Foretold, "node pool %s: %s", p.Name, text)
}

// poolForetold is what was foretold of the pool; false where nothing was.
func (w *Watch) poolForetold() (preflight.PoolStatus, bool) {
	if w.foretold == nil || w.pace.pool == "" {
		return preflight.PoolStatus{}, false
	}
	for _, s := range w.foretold.Steps {
		for _, p := range s.Pools {
			if p.Name == w.pace.pool {
				return p, true
			}
		}
	}
	return preflight.PoolStatus{}, false
}

// seeProgress counts the pool's nodes that are gone, and estimates how long the others
// take. A blue-green upgrade keeps the old ones to the end, so that GKE alone tells of it.
func (w *Watch) seeProgress(n NodesSeen) {
	made := n.Pools[w.pace.pool]
	if w.pace.pool == "" || w.pace.started.IsZero() || made == nil {
		return
	}
	old := 0
	for _, at := range made {
		if at.Before(w.pace.started) {
			old++
		}
	}
	if w.pace.nodes == 0 {
		w.pace.nodes = len(made)
	}
	done := w.pace.nodes - old
	if done <= w.pace.done {
		return
	}
	w.pace.done = done
	took := w.now.Sub(w.pace.started)
	text := words.Age(took) + " for these"
	if old > 0 {
		text += "; " + words.Age(took/time.Duration(done)*time.Duration(old)) + " for the others at that rate"
		if e, ok := w.poolForetold(); ok && e.Takes.Strategy == "SURGE" && e.Takes.AtOnce > 0 {
			rounds := (old + e.Takes.AtOnce - 1) / e.Takes.AtOnce
			text += ", and up to " + rollout.Words(int64(rounds)*(e.Takes.Node+e.Takes.Drain)) + " where each drain takes as long as it may"
		}
	}
	w.say(Upgrade, "node pool %s: %d of %d old nodes are gone, %s", w.pace.pool, done, w.pace.nodes, text)
}
