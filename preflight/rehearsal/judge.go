package rehearsal

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gke-preflight/gke-preflight/preflight/forecast"
)

// The states of a [Start].
const (
	ready    = "ready"
	exited   = "exited"
	notReady = "not-ready"
)

// A replica's start is late from here on, in seconds beyond the control's: starts on one
// machine differ by less.
const late = 5

// Judge sets the outcome of r, and how it stands to the forecast. What r holds of starts
// and writes must be complete.
func (r *Result) Judge(cp forecast.ControlPlane) {
	r.Foretold = cp.Outcome
	r.Problems = append(r.Problems, r.unforetold(cp)...)
	if r.Lives != nil {
		r.judgeLives(cp)
		return
	}
	r.Outcome = r.outcome()
	if r.Outcome == forecast.Unknown || r.unproven() {
		r.Outcome, r.Agreement = forecast.Unknown, Nothing
		return
	}
	if cp.Outcome == forecast.Unknown && cp.Possible == nil {
		r.Agreement = Open
		return
	}
	if r.Differences = r.differences(cp); len(r.Differences) > 0 {
		r.Agreement = Differs
		return
	}
	r.Agreement = Agrees
}

// unproven reports whether the control did not get ready: then nothing that follows is
// the upgrade's doing.
func (r *Result) unproven() bool { return r.Control != nil && r.Control.State != ready }

// outcome is what became of the replica.
func (r *Result) outcome() forecast.Outcome {
	failing := slices.ContainsFunc(r.Writes, func(w Write) bool { return w.Failing })
	switch {
	case r.Start.State == exited && r.Start.Fatal == "":
		return forecast.Unknown // a port was taken, a flag was wrong: it says nothing of the cluster
	case r.Start.State == exited:
		return forecast.CrashLoop
	case r.Start.State == notReady:
		return forecast.NeverReady
	case failing:
		return forecast.Degraded
	case r.Start.Seconds > r.usual()+late:
		return forecast.Delayed
	}
	return forecast.Ready
}

// usual is how long a start takes here that nothing holds up.
func (r *Result) usual() float64 {
	if r.Control == nil {
		return 6
	}
	return min(r.Control.Seconds, 10)
}

// differences are what happened otherwise than foretold, one for one cause.
func (r *Result) differences(cp forecast.ControlPlane) (all []string) {
	if cp.Possible != nil {
		return r.impossible(cp.Possible)
	}
	if fails := cp.Outcome.Fails(); fails != r.Outcome.Fails() || fails && cp.Outcome != r.Outcome {
		return []string{fmt.Sprintf("the forecast is %s, and the replica was %s", cp.Outcome, r.Outcome)}
	}
	if r.Outcome == forecast.CrashLoop && r.Start.Hook != "" && !fails(cp, r.Start.Hook) {
		all = append(all, fmt.Sprintf("the process exited in %s, which the forecast does not let fail", r.Start.Hook))
	}
	if r.Outcome == forecast.NeverReady {
		all = append(all, r.otherRed(cp)...)
	}
	if s := cp.ReadyAfterSeconds; s != nil && !inTime(r.Start.Seconds, *s, r.slack()) {
		all = append(all, fmt.Sprintf("it got ready after %.1f s, foretold were %.1f to %.1f", r.Start.Seconds, s.Min, s.Max))
	}
	if s := cp.ExitsAfterSeconds; s != nil && r.Start.State == exited && !inTime(r.Start.Seconds, *s, r.slack()) {
		all = append(all, fmt.Sprintf("the process exited after %.1f s, foretold were %.1f to %.1f", r.Start.Seconds, s.Min, s.Max))
	}
	return append(all, r.otherWrites(cp)...)
}

// impossible is what happened where a draw decides, unless it is among what may come of
// that.
func (r *Result) impossible(possible []forecast.Possibility) []string {
	var may []string
	for _, p := range possible {
		if p.Outcome.Fails() == r.Outcome.Fails() && (p.Seconds == nil || inTime(r.Start.Seconds, *p.Seconds, r.slack())) {
			return nil
		}
		may = append(may, string(p.Outcome))
	}
	return []string{fmt.Sprintf("the replica was %s after %.1f s, and by the draw of an endpoint may be %s", r.Outcome, r.Start.Seconds, strings.Join(may, " or "))}
}

func fails(cp forecast.ControlPlane, hook string) bool {
	return slices.ContainsFunc(cp.Hooks, func(h forecast.Hook) bool {
		return h.Name == hook && (h.Outcome.Fails() || h.AtWorst.Fails())
	})
}

// otherRed is for a replica that does not get ready: a check must be red whose hook was
// foretold to fail.
func (r *Result) otherRed(cp forecast.ControlPlane) []string {
	for _, red := range r.Start.Red {
		if fails(cp, strings.TrimPrefix(red, "poststarthook/")) {
			return nil
		}
	}
	return []string{fmt.Sprintf("red are %s, of which the forecast lets none fail", strings.Join(r.Start.Red, ", "))}
}

// slack is by how much this machine may be slower than those that the forecast's seconds
// were measured on.
func (r *Result) slack() float64 { return late + max(0, r.usual()-1.5) }

func inTime(seconds float64, foretold forecast.Seconds, slack float64) bool {
	return seconds >= foretold.Min-2 && seconds <= foretold.Max+slack
}

// otherWrites are those that fail and were not foretold to, and where none fails of
// which it was foretold that some keep failing.
func (r *Result) otherWrites(cp forecast.ControlPlane) (all []string) {
	if r.Outcome.Fails() {
		return nil // whatever was in flight then failed
	}
	foretold := rejected(cp)
	met := 0
	for _, w := range r.Writes {
		if !w.Failing {
			continue
		}
		if foretold[alike(w.Write)] {
			met++
			continue
		}
		all = append(all, fmt.Sprintf("%s keeps failing, which was not foretold: %d %s", w.Write, w.Code, w.Message))
	}
	if cp.Outcome == forecast.Degraded && met == 0 {
		all = append(all, "no write kept failing, and the forecast has some that do")
	}
	return all
}

// unforetold are writes that the forecast does not know of: either it misses them, or the
// recording does not hold what the cluster has. What may come of them was not asked.
func (r *Result) unforetold(cp forecast.ControlPlane) (problems []string) {
	if cp.Problem != "" || len(cp.Hooks) == 0 {
		return nil
	}
	known := writesOf(cp, func(forecast.Write) bool { return true })
	for _, w := range r.Writes {
		if k := alike(w.Write); !known[k] && k != "events" { // nobody waits for an Event
			problems = append(problems, w.Write+" was not foretold: either the forecast misses it, or the recording lacks what the cluster has")
		}
	}
	return problems
}

// rejected are the writes that may be rejected by the forecast.
func rejected(cp forecast.ControlPlane) map[string]bool {
	return writesOf(cp, func(w forecast.Write) bool { return w.Effect == forecast.Rejects || w.Effect == forecast.Undecided })
}

// writesOf are the writes of the forecast that are so.
func writesOf(cp forecast.ControlPlane, are func(forecast.Write) bool) map[string]bool {
	all := map[string]bool{}
	for _, h := range cp.Hooks {
		for _, w := range slices.Concat(h.Writes, h.BestEffort) {
			if !are(w) {
				continue
			}
			name := w.Name
			if w.Namespace != "" {
				name = w.Namespace + "/" + name
			}
			all[alike(strings.ToLower(w.Verb)+" "+w.Resource+" "+name)] = true
		}
	}
	return all
}

// alike is a write without the name of what every API server names as it likes: its
// lease, and events.
func alike(write string) string {
	for _, kind := range []string{" leases.coordination.k8s.io kube-system/apiserver-", " events"} {
		if before, _, ok := strings.Cut(write, kind); ok {
			_, resource, _ := strings.Cut(before+kind, " ")
			return resource
		}
	}
	verb, rest, _ := strings.Cut(write, " ")
	if verb == "patch" {
		verb = "update"
	}
	return verb + " " + rest
}
