package forecast

import (
	"fmt"
	"slices"
	"time"

	"github.com/gke-preflight/gke-preflight/preflight/admission"
	"github.com/gke-preflight/gke-preflight/preflight/bootstrap"
)

// Where the endpoints of a webhook's Service answer differently, what becomes of a
// hook is a draw: of one connection, which then serves call after call until a call
// breaks it, or of each call (see version.EndpointPerCall). What may come of it, and
// how often, is worked out state by state; nothing is drawn here, so that the same
// answers give the same forecast.

const (
	// negligible is the share of starts below which an outcome is not told.
	negligible = 2e-4
	// vanishing is the share below which a course is not followed.
	vanishing = 1e-12
	// maxLots and maxKinds bound what is followed: how many webhooks of a hook have
	// endpoints that differ, and how many kinds of writes it makes.
	maxLots, maxKinds = 3, 8
	// maxRounds is how often a hook is followed that tries again and again.
	maxRounds = 400
	// grain is how exactly times are followed.
	grain = 50 * time.Millisecond
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

// state is how far a hook is.
type state struct {
	t            time.Duration
	stuck        [maxLots]int8
	left, failed [maxKinds]int16
	last         bool
}

// states are those that a hook may be in, and how likely it is in each; in order, so
// that sums come out the same.
type states struct {
	all     []state
	chances []float64
	index   map[state]int
}

func (ss *states) add(s state, chance float64) {
	if chance < vanishing {
		return
	}
	n, ok := ss.index[s]
	if !ok {
		if ss.index == nil {
			ss.index = map[state]int{}
		}
		n = len(ss.all)
		ss.index[s] = n
		ss.all, ss.chances = append(ss.all, s), append(ss.chances, 0)
	}
	ss.chances[n] += chance
}

// A course is what comes of a hook, and how often.
type course struct {
	chance    float64
	from, til time.Duration
}

type courses map[Outcome]course

func (cs courses) add(o Outcome, t time.Duration, chance float64) {
	c, ok := cs[o]
	if !ok {
		c.from, c.til = t, t
	}
	if chance >= negligible || !ok {
		c.from, c.til = min(c.from, t), max(c.til, t)
	}
	c.chance += chance
	cs[o] = c
}

// A draw follows a hook at one end of what may happen to its writes.
type draw struct {
	hook     bootstrap.Hook
	eachCall bool
	lots     []lot
	kinds    []kind
	// background says that a write in the background keeps failing.
	background bool
	found      courses
}

// follow returns what becomes of the hook, by the draw; nil if that is more than can
// be followed.
func (d *draw) follow(from time.Duration) courses {
	d.found = courses{}
	begin := state{t: from, stuck: [maxLots]int8{-1, -1, -1}}
	if d.hook.Failing == bootstrap.ExitAfterPasses {
		begin.t += d.hook.Interval
	}
	for g, k := range d.kinds {
		begin.left[g] = int16(k.n)
	}
	under := &states{}
	under.add(begin, 1)
	for round := 0; round < maxRounds && len(under.all) > 0; round++ {
		after := d.pass(under)
		under = &states{}
		for n, s := range after.all {
			if next, again := d.next(s, round, after.chances[n]); again {
				under.add(next, after.chances[n])
			}
		}
	}
	for n, s := range under.all {
		d.fail(s.t, under.chances[n])
	}
	return d.found
}

// next is how the hook goes on after a pass, if it does.
func (d *draw) next(s state, round int, chance float64) (next state, again bool) {
	h := d.hook
	if s.failed == [maxKinds]int16{} {
		if h.Failing == bootstrap.ExitAtDeadline && s.t >= h.Deadline {
			d.fail(s.t, chance)
		} else {
			d.succeed(s.t, chance)
		}
		return s, false
	}
	next = state{t: s.t, stuck: s.stuck, left: s.failed}
	if h.Interval > 0 {
		next.t = s.t.Truncate(h.Interval) + h.Interval
	} else {
		// The queues of controllers wait so (k8s.io/client-go util/workqueue,
		// DefaultTypedControllerRateLimiter).
		next.t = s.t + min(5*time.Millisecond<<min(round, 20), 1000*time.Second)
	}
	switch h.Failing {
	case bootstrap.ExitAfterPasses:
		if s.last {
			d.fail(s.t, chance)
			return s, false
		}
		if s.t >= h.Deadline {
			next.t = s.t
		}
		next.last = next.t >= h.Deadline
	case bootstrap.ExitAtDeadline:
		if h.Interval == 0 || next.t >= h.Deadline {
			d.fail(h.Deadline, chance)
			return s, false
		}
	case bootstrap.ExitAtOnce, bootstrap.NeverReady, bootstrap.Retry:
	}
	return next, true
}

func (d *draw) succeed(t time.Duration, chance float64) {
	took := t
	if d.hook.Failing == bootstrap.ExitAfterPasses {
		took -= d.hook.Interval
	}
	o := Ready
	switch {
	case !d.hook.Blocks:
		took = 0
	case took >= slowHook:
		o = Delayed
	}
	if o == Ready && d.background {
		o = Degraded
	}
	d.found.add(o, took, chance)
}

func (d *draw) fail(t time.Duration, chance float64) {
	switch d.hook.Failing {
	case bootstrap.ExitAtDeadline:
		d.found.add(CrashLoop, d.hook.Deadline, chance)
	case bootstrap.ExitAtOnce, bootstrap.ExitAfterPasses:
		d.found.add(CrashLoop, t, chance)
	case bootstrap.NeverReady:
		d.found.add(NeverReady, t, chance)
	case bootstrap.Retry:
		d.found.add(Degraded, 0, chance)
	}
}

// pass makes the writes that are left, one after the other.
func (d *draw) pass(under *states) *states {
	done := &states{}
	for len(under.all) > 0 {
		next := &states{}
		for n, s := range under.all {
			g := slices.IndexFunc(s.left[:], func(n int16) bool { return n > 0 })
			if g < 0 {
				done.add(s, under.chances[n])
				continue
			}
			d.write(s, g, 0, 0, under.chances[n], next)
		}
		under = next
	}
	return done
}

// write makes one write of kind g: the lots of its calls from the u-th on are drawn,
// after those that stand in index.
func (d *draw) write(s state, g, u, index int, chance float64, into *states) {
	if chance < vanishing {
		return
	}
	k := d.kinds[g]
	if u < len(k.uses) {
		shares := d.lots[k.uses[u]].shares
		stuck := s.stuck[k.uses[u]]
		for class, share := range shares {
			switch {
			case stuck < 0:
				d.write(s, g, u+1, index*len(shares)+class, chance*share, into)
			case int(stuck) == class:
				d.write(s, g, u+1, index*len(shares)+class, chance, into)
			}
		}
		return
	}
	b := k.comes[index]
	rejects := b.rejects && !k.optional && (b.until == 0 || s.t < b.until)
	s.t += b.cost
	s.left[g]--
	if rejects {
		if d.hook.Failing == bootstrap.ExitAtOnce {
			d.fail(s.t, chance)
			return
		}
		s.failed[g]++
	}
	rest := index
	for n := len(k.uses) - 1; n >= 0; n-- {
		size := len(d.lots[k.uses[n]].shares)
		s.stuck[k.uses[n]] = -1
		if !d.eachCall && !k.breaks[index][n] {
			s.stuck[k.uses[n]] = int8(rest % size)
		}
		rest /= size
	}
	into.add(s, chance)
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
