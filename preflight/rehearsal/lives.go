package rehearsal

import (
	"fmt"

	"github.com/gke-preflight/gke-preflight/preflight/forecast"
)

// judgeLives is [Result.Judge] for a replica that a kubelet restarts: what was foretold of
// it is what a kubelet with the liveness probe of GCE's manifest makes of it.
func (r *Result) judgeLives(cp forecast.ControlPlane) {
	restarts := len(r.Lives) - 1
	last := r.Lives[restarts]
	switch {
	case r.unproven():
		r.Outcome, r.Agreement = forecast.Unknown, Nothing
		return
	case last.State == ready && restarts == 0:
		r.Outcome = r.outcome()
	case last.State == ready:
		r.Outcome = forecast.Delayed
	case r.Progress:
		r.Outcome = forecast.Unknown
		r.Problems = append(r.Problems, "it was restarted until the time was over, and left fewer writes to the next start each time: whether it gets ready in the end can't be told")
	default:
		r.Outcome = forecast.CrashLoop
	}
	u := cp.UnderKubelet
	if u == nil || u.Outcome == forecast.Unknown || r.Outcome == forecast.Unknown {
		r.Agreement = Open
		return
	}
	r.Foretold = u.Outcome
	r.Agreement = Agrees
	if r.Differences = r.otherLives(*u, restarts, last); len(r.Differences) > 0 {
		r.Agreement = Differs
	}
}

func (r *Result) otherLives(u forecast.UnderKubelet, restarts int, last Life) (all []string) {
	if u.Outcome.Fails() != r.Outcome.Fails() {
		return []string{fmt.Sprintf("under a kubelet %s was foretold, and the replica was %s after %d restarts", u.Outcome, r.Outcome, restarts)}
	}
	if u.Outcome.Fails() {
		return nil
	}
	if n := u.Restarts; n != nil && (restarts < n.Min || restarts > n.Max) {
		all = append(all, fmt.Sprintf("it was restarted %d times, foretold was %s", restarts, n))
	}
	if s := u.ReadyAfterSeconds; s != nil && !inTime(last.Began+last.Ready, *s, r.slack()) {
		all = append(all, fmt.Sprintf("it was ready %.1f s after the first start, foretold were %.1f to %.1f", last.Began+last.Ready, s.Min, s.Max))
	}
	return all
}
