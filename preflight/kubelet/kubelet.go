// Package kubelet works out what a kubelet makes of an API server whose start takes
// long: by the liveness probe of GCE's manifest it asks one to end that is not live in
// time, kills it where it does not, and starts it anew, after longer and longer pauses.
// /livez is red for as long as a PostStartHook runs. What GKE's own probe says is not
// public.
//
// What a life has written the next one finds, so that a start which is only slow comes
// to its end at some time. One that a write is rejected of does not.
package kubelet

import (
	"time"

	"github.com/gke-preflight/gke-preflight/preflight/clocks"
)

// Work is what one PostStartHook has to do before /livez is green.
type Work struct {
	// Hook is its name, and WaitsFor that of the hook whose work must be done before
	// it writes; empty for none.
	Hook, WaitsFor string
	// Anew is what each life spends before anything is written that stays: on writes that
	// every start makes, and on such as fail and are done without.
	Anew time.Duration
	// Once is how long each of the writes takes that are made once, in order.
	Once []time.Duration
	// Fails says that the work is never done: a write that it needs is rejected.
	Fails bool
}

// Range is from the least to the most.
type Range struct{ Min, Max time.Duration }

func (r Range) plus(o Range) Range { return Range{r.Min + o.Min, r.Max + o.Max} }

// or covers both; a zero one is none.
func (r Range) or(o Range) Range {
	if r == (Range{}) {
		return o
	}
	return Range{min(r.Min, o.Min), max(r.Max, o.Max)}
}

// shutdown is what a process takes to end once its last request is answered: measured,
// on a machine that was busy.
const shutdown = 2 * time.Second

// Killed is when a life is asked to end that is not live: by the probe's phase, which is
// another in each life, since it goes by the kubelet's clock.
var Killed = Range{clocks.Liveness, clocks.Liveness + clocks.LivenessPeriod}

// Pause is how long the kubelet waits after the n-th life, from 0 on.
func Pause(n int) time.Duration {
	if n == 0 {
		return 0
	}
	return min(clocks.BackOff<<min(n-1, 10), clocks.MostBackOff)
}

// life is one run of the process.
type life struct {
	// live says that all was done before the process would have been asked to end, and
	// took is when.
	live bool
	took time.Duration
	// gone is when the process has ended otherwise, and left what then is still to do.
	gone Range
	left []Work
}

// live follows one life whose hooks begin at begin and that would be asked to end at
// killed, both counted from its start. A write in flight then is still answered, within
// the grace; none is begun after.
func live(works []Work, begin, killed time.Duration) life {
	l := life{live: true}
	done := map[string]time.Duration{}
	flies := killed
	fails := false
	for _, w := range works {
		t := begin + w.Anew
		if before, ok := done[w.WaitsFor]; ok && w.WaitsFor != "" {
			t += before - begin
		}
		n := 0
		for n < len(w.Once) && t < killed && t+w.Once[n] <= killed+clocks.Grace {
			t += w.Once[n]
			n++
		}
		flies = max(flies, min(t, killed+clocks.Grace))
		fails = fails || w.Fails
		if n < len(w.Once) || w.Fails || t > killed {
			l.live = false
		}
		if n < len(w.Once) {
			t = killed + clocks.Grace
		}
		done[w.Hook] = t
		l.took = max(l.took, t)
		w.Once = w.Once[n:]
		l.left = append(l.left, w)
	}
	l.gone = Range{flies, min(flies+shutdown, killed+clocks.Grace)}
	if fails {
		// It hangs in its shutdown and is killed, or ends before.
		l.gone = Range{killed, killed + clocks.Grace}
	}
	return l
}
