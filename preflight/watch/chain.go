package watch

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/forecast"
	"github.com/gke-preflight/gke-preflight/preflight/lifeline"
	"github.com/gke-preflight/gke-preflight/preflight/outage"
)

// A chain is something that was foretold, and who is to blame: a hook, or a lifeline
// of nodes, the only ones that are followed here.
type chain struct {
	hook, lifeline string
	// foretold is the outcome in words; fails says that it brings a replica, or the
	// nodes, down.
	foretold string
	fails    bool
	blamed   []forecast.Blame
	// begun is zero until it was seen to begin.
	begun time.Time
}

func (c *chain) name() string { return c.hook + c.lifeline }

// blames reports whether a webhook of that name is to blame: more than its name
// metrics do not tell.
func (c *chain) blames(webhook string) bool {
	return slices.ContainsFunc(c.blamed, func(b forecast.Blame) bool { return b.Webhook == webhook })
}

func (w *Watch) seeForecast(r preflight.Report) {
	w.foretold, w.chains = &r, nil
	cp := r.Forecast.ControlPlane
	for _, h := range cp.Hooks {
		worst := h.Outcome
		if worst == forecast.Unknown && h.AtWorst != "" {
			worst = h.AtWorst
		}
		if worst != forecast.Ready {
			w.chains = append(w.chains, &chain{hook: h.Name, foretold: string(h.Outcome), fails: worst.Fails(), blamed: cp.AtFault(h)})
		}
	}
	for _, l := range r.Forecast.Lifelines {
		if lost(l) && l.Group == string(lifeline.Heartbeats) {
			w.chains = append(w.chains, &chain{lifeline: l.Name, foretold: string(l.Outcome), fails: true, blamed: l.AtFault()})
		}
	}
	w.sayForecast(r)
	w.foretellPool()
}

func (w *Watch) sayForecast(r preflight.Report) {
	cp := r.Forecast.ControlPlane
	e := w.say(Foretold, "to %s from %s: a new replica comes out as %s", r.TargetVersion, strings.TrimPrefix(r.Cluster.Version, "v"), cp.Outcome)
	if cp.Problem != "" {
		e.Text += ": " + cp.Problem
	}
	for _, c := range w.chains {
		e := w.say(Foretold, "%s: %s", c.foretold, c)
		e.Hook, e.Lifeline, e.Culprits = c.hook, c.lifeline, c.culprits()
	}
	var others []string
	for _, l := range r.Forecast.Lifelines {
		if g := lifeline.Group(l.Group); lost(l) && g != lifeline.Heartbeats && !g.OfNodes() {
			others = append(others, l.Name)
		}
	}
	if others != nil {
		w.say(Foretold, "lost, too: %s", some(others))
	}
}

func lost(l forecast.Lifeline) bool {
	return l.Outcome == forecast.Lost || l.AtWorst == forecast.Lost
}

// String is hook → webhook → what its backend does.
func (c *chain) String() string {
	parts := []string{c.name()}
	if len(c.blamed) > 0 {
		parts = append(parts, c.blamed[0].String(), "its backend "+c.blamed[0].Says())
		if len(c.blamed) > 1 {
			parts[1] += fmt.Sprintf(" and %d more", len(c.blamed)-1)
		}
	}
	return strings.Join(parts, " → ")
}

func (c *chain) culprits() []Culprit {
	var out []Culprit
	for _, b := range c.blamed {
		out = append(out, Culprit{b.Culprit, b.Says()})
	}
	return out
}

func (c *chain) stops() []outage.Stop {
	var out []outage.Stop
	for _, b := range c.blamed {
		if s, ok := outage.BreakGlass(b.Culprit); ok && !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

// begin says once that c has begun, and what was seen of it.
func (w *Watch) begin(c *chain, seen string) {
	if !c.begun.IsZero() {
		return
	}
	c.begun = w.now
	e := w.alarm(Chain, "the foretold chain has begun: %s; seen: %s", c, seen)
	e.Alarm = c.fails
	e.Hook, e.Lifeline, e.Culprits, e.Stop = c.hook, c.lifeline, c.culprits(), c.stops()
}

// beginAll begins those that are in f.
func (w *Watch) beginAll(seen string, f func(*chain) bool) (any bool) {
	for _, c := range w.chains {
		if f(c) {
			w.begin(c, seen)
			any = true
		}
	}
	return any
}

func crashLoops(c *chain) bool {
	return c.hook != "" && c.foretold == string(forecast.CrashLoop)
}
