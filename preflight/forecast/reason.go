package forecast

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/gke-preflight/gke-preflight/preflight/bootstrap"
	"github.com/gke-preflight/gke-preflight/preflight/words"
)

// reason says in words where the hook's outcome comes from.
func reason(h bootstrap.Hook, r Hook, awaited ends) string {
	e, verb := Rejects, "rejected"
	switch {
	case r.Outcome == Ready:
		return ""
	case r.Possible != nil:
		e, verb = Undecided, "left to a draw"
	case awaited.worst.outcome.Fails() && !r.affected(Rejects) && !r.affected(Undecided):
		return fmt.Sprintf("waits for %s until its deadline of %v", h.WaitsFor, h.Deadline)
	case r.Overruns():
		return r.overrun(h)
	case r.Outcome == Unknown && r.affected(Undecided):
		e, verb = Undecided, "undecided"
	case (r.Outcome == Unknown || r.AtBest == Ready) && r.affected(Rejects):
		verb = "rejected, where it happens,"
	case (r.Outcome == Unknown || r.AtBest == Ready) && r.affected(Slows):
		e, verb = Slows, "held up, where it happens,"
	case r.Outcome == Delayed && r.affected(Slows):
		e, verb = Slows, "held up"
	case r.Outcome == Delayed && r.WaitsFor != "" && r.addingUp() == nil:
		return fmt.Sprintf("waits for %s, which is late", h.WaitsFor)
	case (r.Outcome == Delayed || r.Outcome == Unknown) && !r.affected(Rejects):
		return r.together()
	}
	n := 0
	for _, w := range r.Writes {
		if w.Effect == e {
			n++
		}
	}
	s := fmt.Sprintf("%s %s", words.Count(n, "write"), verb)
	var by []string
	for _, c := range doing(r.Writes, e) {
		by = append(by, fmt.Sprintf("%s, failurePolicy %s, which %s", c, c.FailurePolicy, c.Says()))
	}
	if by != nil {
		s += " by " + strings.Join(by, "; by ")
	}
	if cs := r.Conditions(); r.AtBest == Ready && cs != nil {
		s += "; it happens " + strings.Join(cs, ", or ")
	}
	return s
}

// Conditions are those of h's writes, each once: what it depends on whether they
// happen. Nil if h has none.
func (h Hook) Conditions() []string {
	var cs []string
	for _, w := range h.Writes {
		if w.Condition != "" && !slices.Contains(cs, w.Condition) {
			cs = append(cs, w.Condition)
		}
	}
	return cs
}

// Overruns reports whether the hook's writes pass and together take longer than
// its deadline, at worst.
func (h Hook) Overruns() bool {
	return (h.Outcome == CrashLoop || h.AtWorst == CrashLoop) && h.DeadlineSeconds > 0 &&
		!h.affected(Rejects) && !h.affected(Undecided) && h.WritesSeconds != nil && h.WritesSeconds.Max >= h.DeadlineSeconds
}

// together is the arithmetic behind a hook whose writes pass and add up.
func (h Hook) together() string {
	s := fmt.Sprintf("%s take %s together", words.Count(len(h.Writes), "write"), h.WritesSeconds)
	var shares []string
	for _, b := range group(h.Writes, takesTime) {
		shares = append(shares, fmt.Sprintf("%s: %d × %d ms", b.Culprit, len(b.Writes), b.milliseconds()))
	}
	if shares != nil {
		s += " (" + strings.Join(shares, "; ") + ")"
	}
	return s
}

// overrun sets that against the deadline. What one start has written, the next
// need not write again.
func (h Hook) overrun(b bootstrap.Hook) string {
	s := h.together()
	s += fmt.Sprintf(", and the deadline is %.0f s", h.DeadlineSeconds)
	fewest, most := math.Ceil(h.WritesSeconds.Min/h.DeadlineSeconds), math.Ceil(h.WritesSeconds.Max/h.DeadlineSeconds)
	if b.Failing != bootstrap.ExitAtDeadline || most < 2 {
		return s
	}
	return s + fmt.Sprintf("; each start keeps what it wrote, so that start %s would get through", numbers(max(1, fewest), most))
}

func numbers(a, b float64) string {
	if a == b {
		return fmt.Sprintf("%.0f", a)
	}
	return fmt.Sprintf("%.0f to %.0f", a, b)
}

// milliseconds is the average over the writes.
func (b Blame) milliseconds() int64 {
	return int64(math.Round(float64(b.took()) / float64(len(b.Writes))))
}

// String is the range in seconds, such as "2.5 to 8 s".
func (s *Seconds) String() string {
	a, b := fmt.Sprintf("%.3g", s.Min), fmt.Sprintf("%.3g", s.Max)
	if a == b {
		return a + " s"
	}
	return a + " to " + b + " s"
}
