package forecast

import (
	"time"
)

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
