package forecast

import (
	"fmt"
	"slices"
	"time"

	"github.com/gke-preflight/gke-preflight/preflight/bootstrap"
	"github.com/gke-preflight/gke-preflight/preflight/clocks"
	"github.com/gke-preflight/gke-preflight/preflight/kubelet"
)

// UnderKubelet is what becomes of the replica under a kubelet with the liveness probe of
// GCE's manifest, which asks it to end, kills it and starts it anew while it is not live.
// GKE's own values are not public, so that both count, this and what becomes of the
// replica alone, and the worse decides.
type UnderKubelet struct {
	// Outcome is ready, at the first start; delayed, after restarts; crash-loop, where it
	// may be restarted for ever; or unknown, where what is left open decides whether it is
	// restarted more than once.
	Outcome Outcome `json:"outcome"`
	// Restarts is absent where it may be restarted for ever.
	Restarts *Restarts `json:"restarts,omitempty"`
	// ReadyAfterSeconds counts from the first start; absent where it may be restarted for
	// ever.
	ReadyAfterSeconds *Seconds `json:"readyAfterSeconds,omitempty"`
	// AskedToEndAfterSeconds is when the first start is asked to end, and
	// GoneAfterSeconds when its process is gone; absent where that does not happen, and
	// where it exits by itself before.
	AskedToEndAfterSeconds *Seconds `json:"askedToEndAfterSeconds,omitempty"`
	GoneAfterSeconds       *Seconds `json:"goneAfterSeconds,omitempty"`
}

// Restarts is how often the process is started anew before the replica is ready.
type Restarts struct {
	Min int `json:"min"`
	Max int `json:"max"`
}

// String is such as "once", or "1 to 2 times".
func (r Restarts) String() string {
	switch {
	case r.Max == 1 && r.Min == 1:
		return "once"
	case r.Max == 1:
		return "at most once"
	case r.Min == r.Max:
		return fmt.Sprintf("%d times", r.Max)
	}
	return fmt.Sprintf("%d to %d times", r.Min, r.Max)
}

// Worse reports whether more becomes of the replica under the kubelet than one restart,
// where alone it would get ready; unknown does not count.
func (u *UnderKubelet) Worse() bool {
	return u != nil && (u.Outcome == CrashLoop || u.Outcome == Delayed && u.Restarts.Max > 1)
}

// Says tells it in words, to go on after "the replica is"; empty where it is ready at its
// first start.
func (u *UnderKubelet) Says() string {
	if u == nil {
		return ""
	}
	switch u.Outcome {
	case Delayed:
		return fmt.Sprintf("restarted %s and ready after %s", u.Restarts, u.ReadyAfterSeconds.whole())
	case CrashLoop:
		return "restarted for ever, after pauses of up to 5 minutes"
	case Unknown:
		return "restarted, how often can't be told"
	case Ready, Degraded, NeverReady:
	}
	return ""
}

func (s *Seconds) whole() string { return fmt.Sprintf("%.0f to %.0f s", s.Min, s.Max) }

// Outlasts reports whether h is done so late that a kubelet with GCE's probe restarts
// the replica for it.
func (cp ControlPlane) Outlasts(h Hook) bool {
	u := cp.UnderKubelet
	return u != nil && u.Outcome != Ready && !h.Outcome.Fails() && h.Seconds != nil && h.Seconds.Max >= clocks.Liveness.Seconds()
}

// loads are what the hooks have to do before /livez is green, at best and at worst.
type loads struct{ best, worst []kubelet.Work }

func (l *loads) add(h bootstrap.Hook, r Hook, writes []simulated) {
	if !h.Blocks {
		return
	}
	best, worst := workOf(h, writes, atBest(h)), workOf(h, writes, atWorst)
	if r.Possible != nil && !r.Outcome.Fails() && !r.AtWorst.Fails() {
		// What fails is tried again, so that another endpoint answers.
		best.Fails, worst.Fails = false, false
		if r.Seconds != nil {
			worst.Anew += max(0, time.Duration(r.Seconds.Max*float64(time.Second))-hooksBeginMax-worst.Anew-sumOf(worst.Once))
		}
	}
	l.best, l.worst = append(l.best, best), append(l.worst, worst)
}

// workOf is what the hook does where each write comes out as e says.
func workOf(h bootstrap.Hook, writes []simulated, e end) kubelet.Work {
	w := kubelet.Work{Hook: h.Name, WaitsFor: h.WaitsFor}
	var until time.Duration
	for _, s := range writes {
		b := e(s)
		if s.Background {
			continue
		}
		switch rejects := b.rejects && !s.Optional; {
		case rejects && b.until == 0 && h.Failing != bootstrap.Retry:
			w.Fails = true
		case rejects && b.until > 0:
			until = max(until, b.until)
			w.Fails = w.Fails || h.Failing == bootstrap.ExitAtOnce || h.Failing == bootstrap.ExitAfterPasses && b.until >= h.Deadline
			w.Once = append(w.Once, b.cost)
		case b.rejects || s.EveryStart:
			w.Anew += b.cost
		default:
			w.Once = append(w.Once, b.cost)
		}
	}
	w.Anew += until
	return w
}

func sumOf(ds []time.Duration) (sum time.Duration) {
	for _, d := range ds {
		sum += d
	}
	return sum
}

// supervise adds what a kubelet makes of the replica. Where a hook may fail for want of
// evidence, that is left to the question about it.
func (cp *ControlPlane) supervise(l loads) {
	fails := func(h Hook) bool { return h.Outcome.Fails() && (h.Possible != nil || !h.Overruns()) }
	mayFail := func(h Hook) bool { return h.Outcome == Unknown && h.AtWorst.Fails() }
	switch {
	case slices.ContainsFunc(cp.Hooks, fails):
		cp.UnderKubelet = endless(kubelet.Foretell([]kubelet.Work{{Fails: true}}, hooksBeginMin))
		if e := cp.ExitsAfterSeconds; e != nil && e.Max < clocks.Liveness.Seconds() {
			cp.UnderKubelet.AskedToEndAfterSeconds, cp.UnderKubelet.GoneAfterSeconds = nil, nil
		}
	case slices.ContainsFunc(cp.Hooks, mayFail):
	default:
		cp.UnderKubelet = under(kubelet.Foretell(l.best, hooksBeginMin), kubelet.Foretell(l.worst, hooksBeginMax), slices.ContainsFunc(cp.Hooks, func(h Hook) bool {
			return h.Outcome == Unknown && !h.Draws() || h.AtBest == Ready
		}))
	}
}

// under joins both ends; open says that it was not seen which of them it is, or that it
// hangs on what can't be seen.
func under(best, worst kubelet.Course, open bool) *UnderKubelet {
	more := func(c kubelet.Course) bool { return c.Endless || c.Most > 1 }
	u := &UnderKubelet{Outcome: Ready}
	switch {
	case worst.Endless:
		u = endless(worst)
	case worst.Most > 0:
		u = &UnderKubelet{Outcome: Delayed, AskedToEndAfterSeconds: asked(), GoneAfterSeconds: gone(worst)}
	}
	if !worst.Endless {
		u.Restarts = &Restarts{min(best.Fewest, worst.Fewest), max(best.Most, worst.Most)}
		s := seconds(max(usualMin, best.Done.Min+usualMin-hooksBeginMin), max(usualMax, worst.Done.Max+usualMax-hooksBeginMax))
		u.ReadyAfterSeconds = &s
	}
	if open && more(worst) && !more(best) {
		u.Outcome = Unknown
	}
	return u
}

func endless(c kubelet.Course) *UnderKubelet {
	return &UnderKubelet{Outcome: CrashLoop, AskedToEndAfterSeconds: asked(), GoneAfterSeconds: gone(c)}
}

func asked() *Seconds {
	s := seconds(kubelet.Killed.Min, kubelet.Killed.Max)
	return &s
}

func gone(c kubelet.Course) *Seconds {
	s := seconds(c.Gone.Min, c.Gone.Max)
	return &s
}

// note says of a replica that is not ready at its first start there what becomes of it.
func (u *UnderKubelet) note() string {
	says := u.Says()
	if says == "" {
		return ""
	}
	ends := "it exits by itself before a kubelet with the liveness probe of GCE's manifest would end it"
	if u.AskedToEndAfterSeconds != nil {
		ends = fmt.Sprintf("a kubelet with the liveness probe of GCE's manifest asks it to end after %s, and it is gone after %s",
			u.AskedToEndAfterSeconds.whole(), u.GoneAfterSeconds.whole())
	}
	return fmt.Sprintf("%s; it is %s. GKE's own values are not public", ends, says)
}
