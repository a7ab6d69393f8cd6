package forecast

import (
	"slices"
	"time"

	"github.com/gke-preflight/gke-preflight/preflight/bootstrap"
)

// Hooks begin half a second to four seconds after the process, and an undisturbed
// replica is ready one or two seconds later: measured, from the fastest machine
// to a slow one.
const (
	hooksBeginMin = 500 * time.Millisecond
	hooksBeginMax = 4 * time.Second
	usualMin      = 1500 * time.Millisecond
	usualMax      = 6 * time.Second
)

// slowHook is the time from which a hook holds the replica up by more than what
// starts differ by anyway.
const slowHook = 3 * time.Second

// A run is what comes of one hook at one end of what may happen to its writes.
type run struct {
	outcome Outcome
	// writes is what the writes that hold the hook up take together, all tried once.
	writes time.Duration
	// took is the time from the hook's begin until it is done or the process
	// exits; zero where the hook does not hold the replica up.
	took time.Duration
}

type end func(simulated) bound

// atBest leaves out writes that may not happen, where the replica could not get
// ready without them or where the hook can do without. Other conditional writes
// are taken to happen.
func atBest(h bootstrap.Hook) end {
	return func(s simulated) bound {
		if s.Condition != "" && (s.Optional || h.Fatal() || h.Failing == bootstrap.NeverReady) {
			return bound{}
		}
		return s.best
	}
}

func atWorst(s simulated) bound { return s.worst }

// runHook lets the hook make its writes, each coming out as e says, once the
// hook that it waits for is done; awaited is zero if it waits for none.
func runHook(h bootstrap.Hook, writes []simulated, awaited run, e end) run {
	total, failing := tally(writes, e)
	var r run
	switch h.Failing {
	case bootstrap.ExitAtOnce:
		r = exitAtOnce(writes, e)
	case bootstrap.ExitAfterPasses:
		r = passes(h, total, failing)
	case bootstrap.ExitAtDeadline:
		r = deadline(h, awaited, total+failing.until, failing)
	case bootstrap.NeverReady:
		r = run{took: total + failing.until}
		if failing.count > 0 {
			r.outcome = NeverReady
		}
	case bootstrap.Retry:
		r = run{took: total + failing.until}
	}
	r.writes = total
	if r.outcome == "" {
		r.outcome = Ready
		if !h.Blocks {
			r.took = 0
		}
		switch {
		case r.took >= slowHook:
			r.outcome = Delayed
		case failing.any > 0:
			r.outcome = Degraded
		}
	}
	return r
}

type failures struct {
	// count are the failing writes that hold the hook up, any includes those in the background.
	count, any int
	// cost is what the failing writes that hold the hook up take together.
	cost time.Duration
	// until is when the last of those ends that end by themselves and hold the
	// hook up; they are not counted.
	until time.Duration
}

func tally(writes []simulated, e end) (total time.Duration, f failures) {
	for _, w := range writes {
		b := e(w)
		rejects := b.rejects && !w.Optional
		passing := rejects && b.until > 0
		if rejects && !passing {
			f.any++
		}
		if w.Background {
			continue
		}
		total += b.cost
		if passing {
			f.until = max(f.until, b.until)
			continue
		}
		if rejects {
			f.count++
			f.cost += b.cost
		}
	}
	return total, f
}

func exitAtOnce(writes []simulated, e end) run {
	var t time.Duration
	for _, w := range writes {
		b := e(w)
		t += b.cost
		if b.rejects {
			return run{outcome: CrashLoop, took: t}
		}
	}
	return run{took: t}
}

// passes follows wait.Poll as rbac/bootstrap-roles uses it: the first pass
// begins after one interval, passes follow each other on the interval's ticks
// until one ends after the deadline, and a last pass is made then
// (k8s.io/apimachinery pkg/util/wait, Poll; measured). A pass that ends well
// ends the hook, however late. What passed once is not written again.
//
// What is rejected until after the deadline may pass in that last pass, or not.
func passes(h bootstrap.Hook, total time.Duration, f failures) run {
	if f.count == 0 && f.until < h.Deadline {
		return run{took: total + f.until}
	}
	t := h.Interval + total
	for t < h.Deadline {
		t = max(t, t.Truncate(h.Interval)+h.Interval)
		if t >= h.Deadline {
			break
		}
		t += f.cost
	}
	return run{outcome: CrashLoop, took: max(t, h.Deadline) + f.cost}
}

// deadline is for hooks whose process ends when the work isn't done in time.
func deadline(h bootstrap.Hook, awaited run, total time.Duration, f failures) run {
	total += awaited.took
	if awaited.outcome.Fails() || f.count > 0 || total >= h.Deadline {
		return run{outcome: CrashLoop, took: h.Deadline}
	}
	return run{took: total}
}

// ends are what comes of a hook at best and at worst.
type ends struct {
	best, worst run
	// undecided says that what becomes of a write was not seen: more evidence would
	// decide it. Otherwise the ends differ by whether a write happens, which nothing
	// shows beforehand, and by how long writes take together.
	undecided bool
}

func runEnds(h bootstrap.Hook, writes []simulated, awaited ends) ends {
	undecided := func(w simulated) bool { return w.effect() == Undecided }
	return ends{
		best:      runHook(h, writes, awaited.best, atBest(h)),
		worst:     runHook(h, writes, awaited.worst, atWorst),
		undecided: awaited.undecided || slices.ContainsFunc(writes, undecided),
	}
}

// join sets the outcome that holds at both ends, unknown if there is none. A
// hook that is ready as usual or late is delayed, with AtBest; one whose writes
// keep failing, and that may be late, is degraded: its seconds say how late.
func (e ends) join(r *Hook) {
	best, worst := e.best.outcome, e.worst.outcome
	r.Outcome = worst
	switch {
	case best == worst:
	case worst.Fails(), e.undecided && best == Ready:
		r.Outcome, r.AtWorst = Unknown, worst
	case worst == Delayed:
		r.Outcome = best
		if best == Ready {
			r.Outcome, r.AtBest = Delayed, Ready
		}
	default:
		r.Outcome, r.AtWorst = Unknown, worst
	}
}

// foretell joins both ends into the hook's outcome.
func foretell(h bootstrap.Hook, writes []simulated, awaited ends) Hook {
	e := runEnds(h, writes, awaited)
	best, worst := e.best, e.worst
	r := Hook{Name: h.Name, Fatal: h.Fatal(), DeadlineSeconds: h.Deadline.Seconds(), WaitsFor: h.WaitsFor, Source: h.Source}
	e.join(&r)
	if worst.took > 0 || best.took > 0 {
		s := seconds(hooksBeginMin+best.took, hooksBeginMax+worst.took)
		r.Seconds = &s
	}
	if worst.writes > 0 {
		s := seconds(best.writes, worst.writes)
		r.WritesSeconds = &s
	}
	for _, w := range writes {
		r.Writes = append(r.Writes, w.report())
	}
	r.Reason = reason(h, r, awaited)
	return r
}

// outcomeAtWorst is what becomes of a hook none of whose writes is known to pass.
func outcomeAtWorst(h bootstrap.Hook) Outcome {
	switch {
	case h.Fatal():
		return CrashLoop
	case h.Failing == bootstrap.NeverReady:
		return NeverReady
	}
	return Degraded
}
