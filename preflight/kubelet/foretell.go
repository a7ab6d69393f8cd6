package kubelet

import (
	"fmt"
	"slices"
	"time"

	"github.com/gke-preflight/gke-preflight/preflight/clocks"
)

// Course is what becomes of the start, whatever the phases of the probe are.
type Course struct {
	// Fewest and Most are how often the process is started anew before it is ready.
	// Where Endless says that it may never be, Most is of the starts that end, and both
	// are zero where none does.
	Fewest, Most int
	Endless      bool
	// Done is when the last hook is done, counted from the start of the first life; zero
	// where it never is.
	Done Range
	// Gone is when the first life's process is gone, if it is ended; zero if never.
	Gone Range
}

// Ends reports whether the start may come to its end at all.
func (c Course) Ends() bool { return c.Done != Range{} }

// mostLives are followed, which takes hours: a start that needs more has no end that
// anybody waits for.
const mostLives = 30

// Foretell follows the works through life after life, whose hooks begin at that time
// after each start.
func Foretell(works []Work, begin time.Duration) Course {
	if slices.ContainsFunc(works, func(w Work) bool { return w.Fails }) {
		return Course{Endless: true, Gone: Range{Killed.Min, Killed.Max + clocks.Grace}}
	}
	f := follower{begin: begin, known: map[string]Course{}}
	c := f.from(0, works)
	for _, killed := range phases() {
		if l := live(works, begin, killed); !l.live {
			c.Gone = c.Gone.or(l.gone)
		}
	}
	return c
}

// phases are when a life may be asked to end: how far it comes by then grows with the
// time, so that the ends and the middle bound what lies between.
func phases() []time.Duration {
	return []time.Duration{Killed.Min, (Killed.Min + Killed.Max) / 2, Killed.Max}
}

type follower struct {
	begin time.Duration
	known map[string]Course
}

// from follows what is left to do in the n-th life, from 0 on, and after. Times count
// from that life's start.
func (f *follower) from(n int, works []Work) Course {
	key := fmt.Sprint(n)
	for _, w := range works {
		key += fmt.Sprint(" ", len(w.Once))
	}
	if c, ok := f.known[key]; ok {
		return c
	}
	var c Course
	for _, killed := range phases() {
		switch l := live(works, f.begin, killed); {
		case l.live:
			c = c.or(Course{Done: Range{l.took, l.took}})
		case n+1 >= mostLives || same(works, l.left):
			c = c.or(Course{Endless: true})
		default:
			c = c.or(f.from(n+1, l.left).after(l.gone.plus(Range{Pause(n), Pause(n)})))
		}
	}
	f.known[key] = c
	return c
}

// same reports whether a life has come no further, so that no other will.
func same(before, left []Work) bool {
	for n := range before {
		if len(before[n].Once) != len(left[n].Once) {
			return false
		}
	}
	return true
}

// after is c where a life and the pause after it went before.
func (c Course) after(spent Range) Course {
	if c.Ends() {
		c.Fewest, c.Most, c.Done = c.Fewest+1, c.Most+1, c.Done.plus(spent)
	}
	return c
}

// or is what may come of either.
func (c Course) or(o Course) Course {
	endless := c.Endless || o.Endless
	switch {
	case !c.Ends():
		c = o
	case o.Ends():
		c.Fewest, c.Most = min(c.Fewest, o.Fewest), max(c.Most, o.Most)
		c.Done = c.Done.or(o.Done)
	}
	c.Endless = endless
	return c
}
