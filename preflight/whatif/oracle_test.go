package whatif

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// A world is a small cluster on which events are played step by step, in every
// order in which an upgrade may drain nodes: what the model claims in one go.
type world struct {
	pods  []worldPod
	hooks []worldHook
	// nodes are all there are, by pool.
	nodes map[string][]string
	// surge are the pools that get new nodes before old ones are drained.
	surge map[string]bool
	// atOnce is the number of nodes of a pool that are drained at a time.
	atOnce map[string]int
	// allowed are the evictions that a namespace's budget allows; no entry
	// means that there is no budget.
	allowed map[string]int
}

type worldPod struct {
	namespace, name, node, zone, pool string
	bare                              bool
}

// A worldHook is a webhook served from a namespace of its own, whose pods are all
// that there are in that namespace.
type worldHook struct {
	namespace string
	// rbac says that it sees start-up writes, guards in which namespaces it sees pods;
	// of namespace net are the pods that give a node its network.
	rbac   bool
	guards []string
}

// silent are the namespaces with no pod left, given those that are down.
func (w world) silent(down map[int]bool) map[string]bool {
	out := map[string]bool{}
	for _, h := range w.hooks {
		up := false
		for n, p := range w.pods {
			up = up || p.namespace == h.namespace && !down[n]
		}
		if !up {
			out[h.namespace] = true
		}
	}
	return out
}

// recover brings back what can come back: pods with a controller whose creation
// passes nobody who is silent, over and over until nothing more comes back. Gone are the
// nodes in whose place there is no ready one; they come back with their network.
func (w world) recover(down map[int]bool, gone map[string]bool) {
	for again := true; again; {
		again = false
		if !w.blocked(down, "net") {
			clear(gone)
		}
		for n := range down {
			if p := w.pods[n]; !p.bare && !w.blocked(down, p.namespace) && w.roomBeside(gone) {
				delete(down, n)
				again = true
			}
		}
	}
}

// blocked reports whether a hook that is silent keeps pods of the namespace from being made.
func (w world) blocked(down map[int]bool, namespace string) bool {
	silent := w.silent(down)
	return slices.ContainsFunc(w.hooks, func(h worldHook) bool { return silent[h.namespace] && slices.Contains(h.guards, namespace) })
}

func (w world) roomBeside(gone map[string]bool) bool {
	for _, nodes := range w.nodes {
		if slices.ContainsFunc(nodes, func(n string) bool { return !gone[n] }) {
			return true
		}
	}
	return false
}

// homeless takes down what moved to an old node which went in its turn: where none is left,
// nothing runs.
func (w world) homeless(down map[int]bool, gone map[string]bool) {
	if !w.roomBeside(gone) {
		for n := range w.pods {
			down[n] = true
		}
	}
}

// taken are the nodes that are gone once the failures of mask have happened and the batch
// is drained: of a pool with surge those alone whose new nodes got no network before.
func (w world) taken(gone map[string]bool, down map[int]bool, left map[string][]string, upgraded []string, failures []Event, mask int, batch []string) map[string]bool {
	all := maps.Clone(gone)
	for pool, nodes := range w.nodes {
		for _, n := range nodes {
			zone := map[string]string{"n0": "north", "n1": "south", "n2": "north", "n3": "south"}[n]
			for f, e := range failures {
				is := e.Kind == NodeLoss && e.Name == n || e.Kind == ZoneLoss && e.Name == zone
				if mask&(1<<f) != 0 && is && (!slices.Contains(upgraded, pool) || slices.Contains(left[pool], n)) {
					all[n] = true
				}
			}
			if slices.Contains(batch, n) && (!w.surge[pool] || w.blocked(down, "net")) {
				all[n] = true
			}
		}
	}
	return all
}

func (w world) hit(e Event, p worldPod) bool {
	switch e.Kind {
	case PodLoss:
		return e.Name == p.namespace+"/"+p.name
	case NodeLoss:
		return e.Name == p.node
	case ZoneLoss:
		return e.Name == p.zone
	case PoolUpgrade, Expiry:
	}
	return false
}

// play returns every set of namespaces that may be silent at the same time while
// the events happen, as sorted names joined by commas.
func (w world) play(events []Event) map[string]bool {
	seen := map[string]bool{}
	var pools []string
	var failures []Event
	for _, e := range events {
		if e.Kind == PoolUpgrade {
			pools = append(pools, e.Name)
		} else {
			failures = append(failures, e)
		}
	}
	nodes := map[string][]string{}
	for _, pool := range pools {
		nodes[pool] = w.nodes[pool]
	}
	w.walk(seen, map[string]bool{}, pools, nodes, failures, map[int]bool{}, 0, map[int]bool{}, map[string]bool{})
	return seen
}

// walk makes one more step: some of the failures happen that have not, and a
// batch of nodes is drained that were not.
func (w world) walk(seen map[string]bool, visited map[string]bool, pools []string, nodes map[string][]string, failures []Event, down map[int]bool, failed int, moved map[int]bool, lost map[string]bool) {
	key := fmt.Sprint(nodes, failed, slices.Sorted(maps.Keys(down)), slices.Sorted(maps.Keys(moved)), slices.Sorted(maps.Keys(lost)))
	if visited[key] {
		return
	}
	visited[key] = true
	for mask := range 1 << len(failures) {
		if mask&failed != 0 {
			continue
		}
		for _, batch := range w.batches(nodes) {
			if mask == 0 && len(batch) == 0 {
				continue
			}
			hurt := maps.Clone(down)
			for n, p := range w.pods {
				for f, e := range failures {
					if mask&(1<<f) != 0 && w.hit(e, p) && !moved[n] {
						hurt[n] = true
					}
				}
			}
			for _, after := range w.evictions(hurt, batch, moved) {
				seen[strings.Join(slices.Sorted(maps.Keys(w.silent(after))), ",")] = true
				next, gone := maps.Clone(after), maps.Clone(moved)
				away := w.taken(lost, down, nodes, pools, failures, mask, batch)
				w.recover(next, away)
				w.homeless(next, away)
				for n, p := range w.pods {
					if !slices.Contains(batch, p.node) || gone[n] {
						continue
					}
					gone[n] = true
					if !after[n] && (p.bare || w.stays(next, away, p)) {
						next[n] = true
					}
				}
				seen[strings.Join(slices.Sorted(maps.Keys(w.silent(next))), ",")] = true
				w.recover(next, away)
				for n := range after {
					if !next[n] {
						gone[n] = true
					}
				}
				left := map[string][]string{}
				for pool, ns := range nodes {
					left[pool] = slices.DeleteFunc(slices.Clone(ns), func(n string) bool { return slices.Contains(batch, n) })
				}
				w.walk(seen, visited, pools, left, failures, next, failed|mask, gone, away)
			}
		}
	}
}

// stays reports whether the pod, once evicted, is not replaced for good.
func (w world) stays(down map[int]bool, gone map[string]bool, p worldPod) bool {
	after, gone := maps.Clone(down), maps.Clone(gone)
	for n, q := range w.pods {
		if q == p {
			after[n] = true
			w.recover(after, gone)
			return after[n]
		}
	}
	return false
}

// batches are the sets of nodes that may be drained at the same time.
func (w world) batches(nodes map[string][]string) [][]string {
	all := [][]string{nil}
	for _, pool := range slices.Sorted(maps.Keys(nodes)) {
		var more [][]string
		for _, b := range all {
			for mask := range 1 << len(nodes[pool]) {
				chosen := slices.Clone(b)
				for n, name := range nodes[pool] {
					if mask&(1<<n) != 0 {
						chosen = append(chosen, name)
					}
				}
				if len(chosen)-len(b) <= w.atOnce[pool] {
					more = append(more, chosen)
				}
			}
		}
		all = more
	}
	return all
}

// evictions are the ways in which the pods of a batch may be gone at the same
// time: all that have no budget or one that never allows it, and of the others
// as many as their budget allows.
func (w world) evictions(down map[int]bool, batch []string, moved map[int]bool) []map[int]bool {
	all := []map[int]bool{maps.Clone(down)}
	for n, p := range w.pods {
		if down[n] || moved[n] || !slices.Contains(batch, p.node) {
			continue
		}
		allowed, has := w.allowed[p.namespace]
		var more []map[int]bool
		for _, a := range all {
			with := maps.Clone(a)
			with[n] = true
			if !has || allowed == 0 {
				more = append(more, with)
				continue
			}
			more = append(more, a)
			out := 0
			for o, q := range w.pods {
				if a[o] && q.namespace == p.namespace {
					out++
				}
			}
			if out < allowed {
				more = append(more, with)
			}
		}
		all = more
	}
	return all
}
