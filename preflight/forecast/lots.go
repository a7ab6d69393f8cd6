package forecast

import (
	"fmt"
	"slices"
	"time"

	"github.com/gke-preflight/gke-preflight/preflight/admission"
	"github.com/gke-preflight/gke-preflight/preflight/bootstrap"
)

// A lot is a webhook whose endpoints differ, which are sorted by how they answer.
type lot struct {
	// shares are how many of the endpoints answer so, of all of them.
	shares []float64
}

// A kind of writes meets the same lots, and with the same consequences.
type kind struct {
	uses []int
	// comes is what a write comes to, and breaks whether the connection to the
	// webhook of each of uses does, by the answers drawn; see [kind.index].
	comes    []bound
	breaks   [][]bool
	optional bool
	n        int
}

// newDraw sorts the writes, each coming out as the end of its calls says; nil where
// there is nothing to draw, or more than can be followed.
func newDraw(h bootstrap.Hook, writes []simulated, e end, reinvoked time.Duration, pick func(call) bound, eachCall bool) *draw {
	d := &draw{hook: h, eachCall: eachCall}
	var blocking []simulated
	for _, w := range writes {
		if w.Background {
			d.background = d.background || e(w).rejects && !w.Optional && !w.recovers(pick, eachCall)
		} else if w.Condition == "" || e(w) != (bound{}) {
			blocking = append(blocking, w)
		}
	}
	names, classes := lotsOf(blocking, pick)
	if names == nil || len(names) > maxLots {
		return nil
	}
	for _, name := range names {
		l := lot{shares: make([]float64, slices.Max(classes[name])+1)}
		for _, c := range classes[name] {
			l.shares[c] += 1 / float64(len(classes[name]))
		}
		d.lots = append(d.lots, l)
	}
	index := map[string]int{}
	for _, w := range blocking {
		k := d.kindOf(w, names, classes, e, reinvoked, pick)
		sign := fmt.Sprint(k)
		n, ok := index[sign]
		if !ok {
			n = len(d.kinds)
			index[sign] = n
			d.kinds = append(d.kinds, k)
		}
		d.kinds[n].n++
	}
	if len(d.kinds) > maxKinds {
		return nil
	}
	return d
}

// recovers reports whether a try of the write will pass that is made again and again:
// what rejects it does not keep its connection.
func (s simulated) recovers(pick func(call) bound, eachCall bool) bool {
	return s.drawn() && !slices.ContainsFunc(s.calls, func(k call) bool {
		if k.at == nil {
			return pick(k).rejects
		}
		return !eachCall && slices.ContainsFunc(k.at, func(a at) bool { b := pick(a.call); return b.rejects && !b.breaks })
	})
}

// lotsOf names the webhooks whose endpoints differ for any of the writes, and sorts
// the endpoints of each by how they answer to all of them.
func lotsOf(writes []simulated, pick func(call) bound) (names []admission.Culprit, classes map[admission.Culprit][]int) {
	signs := map[admission.Culprit][]string{}
	for _, w := range writes {
		for n, k := range w.calls {
			if k.at == nil {
				continue
			}
			name := w.by[n].Culprit()
			if signs[name] == nil {
				names = append(names, name)
				signs[name] = make([]string, len(k.at))
			}
			for e := range k.at {
				b := pick(k.at[e].call)
				signs[name][e] += fmt.Sprint(b.rejects, b.breaks, rounded(b.cost), b.until, ";")
			}
		}
	}
	classes = map[admission.Culprit][]int{}
	for name, ss := range signs {
		var seen []string
		for _, s := range ss {
			if !slices.Contains(seen, s) {
				seen = append(seen, s)
			}
			classes[name] = append(classes[name], slices.Index(seen, s))
		}
	}
	return names, classes
}

func rounded(d time.Duration) time.Duration {
	if d < grain {
		return 0
	}
	return d.Round(grain)
}

// kindOf works out what the write comes to for everything that may be drawn.
func (d *draw) kindOf(w simulated, names []admission.Culprit, classes map[admission.Culprit][]int, e end, reinvoked time.Duration, pick func(call) bound) kind {
	k := kind{optional: w.Optional}
	var calls []int
	size := 1
	for n, c := range w.calls {
		if c.at == nil {
			continue
		}
		k.uses = append(k.uses, slices.Index(names, w.by[n].Culprit()))
		calls = append(calls, n)
		size *= len(d.lots[k.uses[len(k.uses)-1]].shares)
	}
	if calls == nil {
		b := e(w)
		b.cost = rounded(b.cost)
		k.comes, k.breaks = []bound{b}, [][]bool{nil}
		return k
	}
	for index := range size {
		drawn := map[int]bound{}
		breaks := make([]bool, len(calls))
		rest := index
		for m := len(calls) - 1; m >= 0; m-- {
			shares := len(d.lots[k.uses[m]].shares)
			first := slices.Index(classes[names[k.uses[m]]], rest%shares)
			drawn[calls[m]] = pick(w.calls[calls[m]].at[first].call)
			breaks[m] = drawn[calls[m]].breaks
			rest /= shares
		}
		b := w.admit(reinvoked, func(n int) bound {
			if at, ok := drawn[n]; ok {
				return at
			}
			return pick(w.calls[n])
		})
		b.cost, b.breaks = rounded(b.cost), false
		k.comes, k.breaks = append(k.comes, b), append(k.breaks, breaks)
	}
	return k
}
