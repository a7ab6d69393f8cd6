package forecast

import (
	"slices"
	"time"

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
