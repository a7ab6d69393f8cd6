// Package watch tells what becomes of an upgrade while it runs: a fold over
// observations with their times, which are held against what was foretold. Equal
// observations give equal events.
package watch

import (
	"fmt"
	"time"

	"github.com/gke-preflight/gke-preflight/preflight"
)

// Options are what a user may choose. Zero values are as stated.
type Options struct {
	// Operation is the operation to follow; empty for the upgrade that runs.
	Operation string `json:"operation,omitempty"`
	// For is how long to wait for an upgrade to begin, where the GKE API tells of
	// operations.
	For time.Duration `json:"for,omitempty"`
	// Target is the version to wait for where there is no forecast; empty if it is
	// not known.
	Target string `json:"target,omitempty"`
}

// A Watch holds what was seen so far. It is not safe for concurrent use.
type Watch struct {
	options Options
	// began and now are the times of the first and the latest observation.
	began, now time.Time
	outcome    Outcome
	events     []Event

	foretold *preflight.Report
	chains   []*chain
	blind    map[Source]blindness
	operation
	api
	leases map[string]*leaseSeen
	// leasesSeen is when they were last read; zero if they never were.
	leasesSeen time.Time
	nodes      nodesState
	pace       pace
}

// New returns a watch that has seen nothing.
func New(o Options) *Watch {
	return &Watch{
		options: o, blind: map[Source]blindness{}, leases: map[string]*leaseSeen{},
		operation: operation{repairs: map[string]bool{}},
		api:       api{red: map[string]*redSeen{}, processes: map[string]bool{}, versions: map[string]bool{}, calls: map[calledBy]callsSeen{}, told: map[string]time.Time{}},
		nodes:     nodesState{leases: map[string]renewal{}},
	}
}

// Outcome is how it ended; empty as long as it goes on.
func (w *Watch) Outcome() Outcome { return w.outcome }

// See takes an observation in, and returns what there is to say about it. Strings
// in the events are safe to print. After the end there is nothing more to say.
func (w *Watch) See(o Observation) []Event {
	if w.outcome != "" {
		return nil
	}
	if o.Source == Ended {
		return w.Stop(o.At, o.Why)
	}
	if w.began.IsZero() {
		w.began = o.At
	}
	w.now = o.At
	if o.Source == Begun {
		if o.Options != nil {
			w.options = *o.Options
		}
		return nil
	}
	if w.see(o.Source, o.Error) {
		switch {
		case o.Source == Forecast && o.Report != nil:
			w.seeForecast(*o.Report)
		case o.Source == Operations:
			w.seeOperations(o.Operations)
		case o.Source == API && o.Visit != nil:
			w.seeVisit(*o.Visit)
		case o.Source == Leases:
			w.seeLeases(o.Leases)
		case o.Source == Nodes && o.Nodes != nil:
			w.seeNodes(*o.Nodes)
		}
	}
	w.overdue()
	return w.take()
}

// Stop ends the watch before the upgrade has ended, for the reason why.
func (w *Watch) Stop(at time.Time, why string) []Event {
	if w.outcome != "" {
		return nil
	}
	w.now = at
	for _, c := range w.chains {
		if c.fails && !c.begun.IsZero() {
			w.end(Failed, fmt.Sprintf("%s: the chain of %s had begun, and its end was not seen", why, c.name()))
			return w.take()
		}
	}
	w.end(Unknown, why+": how the upgrade ended was not seen")
	return w.take()
}

func (w *Watch) take() []Event {
	events := preflight.CleanCopy(w.events)
	w.events = nil
	return events
}

func (w *Watch) say(k Kind, format string, args ...any) *Event {
	w.events = append(w.events, Event{Schema: Schema, At: w.now, Kind: k, Text: fmt.Sprintf(format, args...)})
	return &w.events[len(w.events)-1]
}

func (w *Watch) alarm(k Kind, format string, args ...any) *Event {
	e := w.say(k, format, args...)
	e.Alarm = true
	return e
}

func (w *Watch) end(o Outcome, text string) {
	w.outcome = o
	e := w.say(End, "%s", text)
	e.Outcome, e.Alarm = o, o == Failed
}

// blindness is since when a source can't be looked at.
type blindness struct {
	since, told time.Time
	failed      int
}

// reminder is after how long it is said again that a source can't be looked at.
const reminder = time.Minute

// see notes whether a source could be looked at, and reports whether it could.
func (w *Watch) see(s Source, problem string) bool {
	b, was := w.blind[s]
	if problem == "" {
		if was {
			w.say(Blind, "%s: can be looked at again, after %s and %d attempts", s, w.since(b.since), b.failed)
			delete(w.blind, s)
		}
		return true
	}
	if !was {
		b.since = w.now
	}
	b.failed++
	if w.now.Sub(b.told) >= reminder {
		e := w.say(Blind, "%s: could not look: %s", s, problem)
		if was {
			e.Text += fmt.Sprintf(" (for %s)", w.since(b.since))
		}
		b.told = w.now
	}
	w.blind[s] = b
	return false
}

func (w *Watch) since(t time.Time) time.Duration { return w.now.Sub(t).Round(time.Second) }
