package watch

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/gke-preflight/gke-preflight/preflight/clocks"
	"github.com/gke-preflight/gke-preflight/preflight/outage"
)

// many reports whether n of so many nodes are more than the odd one, or than those
// that an upgrade of nodes recreates.
func (w *Watch) many(n, total int) bool {
	if w.kind == upgradeNodes {
		return 2*n >= total
	}
	return 10*n >= total
}

type nodesState struct {
	// leases are when each node's lease was first seen as it is: the clocks of nodes
	// are not compared with that of the observer.
	leases           map[string]renewal
	silent, notReady int
	repairing        map[string]bool
}

type renewal struct{ renewed, seen time.Time }

func (w *Watch) seeNodes(n NodesSeen) {
	var silent []string
	for _, name := range slices.Sorted(maps.Keys(n.Renewed)) {
		r, known := w.nodes.leases[name]
		if !known || !r.renewed.Equal(n.Renewed[name]) {
			w.nodes.leases[name] = renewal{n.Renewed[name], w.now}
		} else if w.now.Sub(r.seen) >= clocks.ShortSilence {
			silent = append(silent, name)
		}
	}
	w.sayNodes(fmt.Sprintf("silent for %.0f s", clocks.ShortSilence.Seconds()), &w.nodes.silent, silent, n.Total)
	w.sayNodes("not ready", &w.nodes.notReady, n.NotReady, n.Total)
	w.seeRepairing(n.Repairing)
	w.seeProgress(n)
}

// sayNodes tells of a number of nodes that has changed.
func (w *Watch) sayNodes(what string, told *int, names []string, total int) {
	if len(names) == *told {
		return
	}
	alarming := len(names) > *told && w.many(len(names), total)
	*told = len(names)
	if len(names) == 0 {
		w.say(Node, "no node is %s any more", what)
		return
	}
	seen := fmt.Sprintf("%d of %d nodes are %s: %s", len(names), total, what, some(names))
	if alarming {
		w.beginAll(seen, func(c *chain) bool { return c.lifeline != "" })
	}
	w.say(Node, "%s", seen).Alarm = alarming
}

func (w *Watch) seeRepairing(names []string) {
	now := map[string]bool{}
	var begun []string
	for _, n := range names {
		now[n] = true
		if !w.nodes.repairing[n] {
			begun = append(begun, n)
		}
	}
	w.nodes.repairing = now
	if begun != nil {
		w.sayRepair(fmt.Sprintf("auto-repair has begun on nodes: %s", some(begun)))
	}
}

// sayRepair tells of auto-repair, with the commands that keep it from more nodes.
func (w *Watch) sayRepair(text string) {
	e := w.alarm(Node, "%s", text)
	if w.foretold == nil {
		return
	}
	e.Stop = slices.DeleteFunc(slices.Clone(w.foretold.Forecast.Stop), func(s outage.Stop) bool {
		return !strings.Contains(s.Command, "--no-enable-autorepair")
	})
}
