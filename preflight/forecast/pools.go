package forecast

import (
	"slices"

	"github.com/gke-preflight/gke-preflight/preflight/admission"
	"github.com/gke-preflight/gke-preflight/preflight/lifeline"
)

// PoolsLostTo are the node pools whose upgrade makes a write of the line that is lost to c,
// or of which it is open whether it is, sorted; none where that may be any.
func (l Lifeline) PoolsLostTo(c admission.Culprit) []string {
	return l.poolsOf(func(w LifelineWrite) bool {
		by := Lifeline{Outcome: l.Outcome, Writes: []LifelineWrite{w}}.AtFault()
		return w.Effect == Undecided || w.Effect == Rejects && slices.ContainsFunc(by, func(b Blame) bool { return b.Culprit == c })
	})
}

// PoolsOpen are the node pools whose upgrade makes a write of the line of which it is open
// what becomes of it, sorted; none where that may be any.
func (l Lifeline) PoolsOpen() []string {
	return l.poolsOf(func(w LifelineWrite) bool { return w.Effect == Undecided })
}

func (l Lifeline) poolsOf(concerned func(LifelineWrite) bool) []string {
	var each [][]string
	for _, w := range l.Writes {
		if concerned(w) {
			each = append(each, w.Pools)
		}
	}
	return lifeline.OnAny(each...)
}
