package forecast

import (
	"cmp"
	"slices"

	"github.com/gke-preflight/gke-preflight/preflight/admission"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// A Blame is what one culprit does to writes of one hook or lifeline.
type Blame struct {
	// Interception is that of the first of the writes.
	Interception
	// Writes are the writes that it does it to.
	Writes []Write
	// Of is how many writes there are of the hook or lifeline, and Hook the hook's
	// name, which is that of another one where one waits for it; empty of a lifeline.
	Of   int
	Hook string
}

// AtFault returns who is to blame for what becomes of h, in the order in which
// they first appear; none for a hook that is ready, and none where only what could
// not be read leaves it open. They are those who do to its writes what makes its
// outcome: who rejects, who holds up, or, where each write passes and all of them
// take too long together, who takes part of that time. For a hook that waits in
// vain for another they are those of the other.
func (cp ControlPlane) AtFault(h Hook) []Blame {
	if found := h.atFault(); found != nil || h.Outcome == Ready {
		return found
	}
	for _, other := range cp.Hooks {
		if other.Name == h.WaitsFor {
			return other.atFault()
		}
	}
	return nil
}

// AtFault returns who is to blame for what becomes of any hook, and then of any
// lifeline; of the latter Hook is empty.
func (f Forecast) AtFault() (all []Blame) {
	for _, h := range f.ControlPlane.Hooks {
		all = append(all, f.ControlPlane.AtFault(h)...)
	}
	for _, l := range f.Lifelines {
		all = append(all, l.AtFault()...)
	}
	return all
}

// Harming returns who does any harm to writes of h, those at fault first: the others
// are at fault once those are gone. None for a hook that is ready.
func (cp ControlPlane) Harming(h Hook) []Blame {
	found := cp.AtFault(h)
	if h.Outcome == Ready {
		return nil
	}
	for _, e := range []Effect{Rejects, Slows, Undecided} {
		for _, b := range h.Doing(e) {
			if !slices.ContainsFunc(found, func(o Blame) bool { return o.Culprit == b.Culprit && o.Hook == b.Hook }) {
				found = append(found, b)
			}
		}
	}
	return found
}

// AtFault returns who is to blame for what becomes of the line, in the order in
// which they first appear, as of a hook; none where it is kept.
func (l Lifeline) AtFault() []Blame {
	var ws []Write
	for _, w := range l.Writes {
		ws = append(ws, w.Write)
	}
	switch l.Outcome {
	case Lost:
		return first(ws, Rejects, Slows)
	case Slowed:
		return first(ws, Slows)
	case Open:
		return first(ws, Undecided, Rejects, Slows)
	case Kept:
	}
	return nil
}

// Doing returns who has the given effect on writes of the line, whether they are at
// fault for anything or not.
func (l Lifeline) Doing(e Effect) []Blame {
	var ws []Write
	for _, w := range l.Writes {
		ws = append(ws, w.Write)
	}
	return doing(ws, e)
}

func (h Hook) atFault() (found []Blame) {
	switch h.Outcome {
	case Ready:
		return nil
	case Unknown:
		found = first(h.Writes, Undecided, Rejects, Slows)
	case Delayed:
		found = first(h.Writes, Slows)
		for _, b := range doing(h.Writes, Rejects) {
			if !slices.ContainsFunc(found, func(o Blame) bool { return o.Culprit == b.Culprit }) {
				found = append(found, b)
			}
		}
	case Degraded, NeverReady, CrashLoop:
		if !h.Overruns() {
			found = first(h.Writes, Rejects, Slows, Undecided)
		}
	}
	if found == nil && (h.Overruns() || h.Outcome == Delayed || h.AtWorst == Delayed) {
		found = h.addingUp()
	}
	return h.own(found)
}

// Doing returns who has the given effect on writes of h, in the order in which they
// first appear, whether they are at fault for anything or not.
func (h Hook) Doing(e Effect) []Blame {
	return h.own(group(h.Writes, func(_ Write, i Interception) bool { return i.Effect == e }))
}

func (h Hook) own(bs []Blame) []Blame {
	for n := range bs {
		bs[n].Hook = h.Name
	}
	return bs
}

// first returns those of the first effect that anybody has.
func first(ws []Write, effects ...Effect) []Blame {
	for _, e := range effects {
		if found := doing(ws, e); found != nil {
			return found
		}
	}
	return nil
}

// doing returns who has the effect on a write. A write may come out so although
// nobody alone makes it: what holds it up adds up, be it slow or, where nobody certainly
// is, no more than a part of the time. Then these are to blame.
func doing(ws []Write, e Effect) []Blame {
	return group(ws, func(w Write, i Interception) bool {
		does := func(wanted Effect) bool {
			return slices.ContainsFunc(w.InterceptedBy, func(i Interception) bool { return i.Effect == wanted })
		}
		switch {
		case does(e):
			return i.Effect == e
		case w.Effect != e:
			return false
		case does(Slows):
			return i.Effect == Slows
		}
		return i.Effect == Undecided || takesTime(w, i)
	})
}

func takesTime(_ Write, i Interception) bool {
	return i.Milliseconds > 0 && (i.Effect == Passes || i.Effect == Slows)
}

// addingUp are those whose time alone, the slowest first, is as long as what the hook
// comes out by: its deadline, or what makes it late. None for one that is late since it
// waits for another, and whose own writes take less than that.
func (h Hook) addingUp() []Blame {
	bs := mostly(group(h.Writes, takesTime))
	limit := slowHook.Seconds()
	if h.Overruns() {
		limit = h.DeadlineSeconds
	}
	sum, needed := 0.0, map[admission.Culprit]bool{}
	for _, b := range slices.SortedStableFunc(slices.Values(bs), func(a, b Blame) int { return cmp.Compare(b.took(), a.took()) }) {
		if sum < limit {
			sum += float64(b.took()) / 1000
			needed[b.Culprit] = true
		}
	}
	if sum < limit && h.WaitsFor != "" && !h.Overruns() {
		return nil
	}
	return slices.DeleteFunc(bs, func(b Blame) bool { return !needed[b.Culprit] })
}

// took is how long the writes wait for whom it blames, in milliseconds.
func (b Blame) took() (sum int64) {
	for _, w := range b.Writes {
		i, _ := w.By(b.Culprit)
		sum += i.Milliseconds
	}
	return sum
}

// mostly leaves out who takes less than a tenth of the time that the slowest takes:
// without him it would take as long.
func mostly(bs []Blame) []Blame {
	var most int64
	for _, b := range bs {
		most = max(most, b.took())
	}
	return slices.DeleteFunc(bs, func(b Blame) bool { return 10*b.took() < most })
}

// group collects the interceptions to keep by who they are of.
func group(ws []Write, keep func(Write, Interception) bool) []Blame {
	var bs []Blame
	index := map[admission.Culprit]int{}
	for _, w := range ws {
		for _, i := range w.InterceptedBy {
			if !keep(w, i) {
				continue
			}
			n, ok := index[i.Culprit]
			if !ok {
				n = len(bs)
				index[i.Culprit] = n
				bs = append(bs, Blame{Interception: i, Of: len(ws)})
			}
			bs[n].Writes = append(bs[n].Writes, w)
		}
	}
	return bs
}

// By returns what c does to w, or false if it does not see it.
func (w Write) By(c admission.Culprit) (Interception, bool) {
	for _, i := range w.InterceptedBy {
		if i.Culprit == c {
			return i, true
		}
	}
	return Interception{}, false
}

// Says tells in words what the webhook or policy did when it was asked.
func (i Interception) Says() string {
	if i.Endpoints != nil {
		return i.differ()
	}
	return i.says()
}

func (i Interception) says() string {
	a := facts.Attempt{Answer: facts.Answer(i.Answer), Milliseconds: i.Milliseconds}
	switch {
	case i.Effect == Undecided && a.Answer == facts.Allowed && i.Detail != "":
		return "allows, but " + i.Detail
	case a.Answer.Words("").Brief == facts.NotAsked.Words("").Brief && i.Detail != "":
		return a.Brief() + ": " + i.Detail
	}
	return a.Brief()
}

func (h Hook) affected(e Effect) bool {
	return slices.ContainsFunc(h.Writes, func(w Write) bool { return w.Effect == e })
}
