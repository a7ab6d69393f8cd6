package forecast

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/gke-preflight/gke-preflight/preflight/bootstrap"
)

// A Possibility is one of several things that may come of a start, by the draw of
// the endpoint that a webhook's call goes to.
type Possibility struct {
	Outcome Outcome `json:"outcome"`
	// Certain says that some starts end so for certain; otherwise that can't be ruled
	// out, for want of an answer.
	Certain bool `json:"certain"`
	// Chance is the share of the starts that end so; absent where it can't be
	// computed, because other calls of the API server share the connections.
	Chance *Chance `json:"chance,omitempty"`
	// Seconds is when the hook is done, or the process exits; absent for a hook that
	// does not hold the replica up.
	Seconds *Seconds `json:"seconds,omitempty"`
}

// A Chance is a range between 0 and 1.
type Chance struct {
	Min float64 `json:"min"`
	Max float64 `json:"max"`
}

// String returns the chance in percent, such as "12.5 to 50 %".
func (c Chance) String() string {
	if c.Min == c.Max {
		return fmt.Sprintf("%.3g %%", 100*c.Min)
	}
	return fmt.Sprintf("%.3g to %.3g %%", 100*c.Min, 100*c.Max)
}

// possible returns what may come of the hook where the endpoints of a webhook in its
// way differ, the best first; nil where nothing is drawn, or too much to follow.
func possible(h bootstrap.Hook, writes []simulated, awaited ends, eachCall, alone bool) []Possibility {
	if !slices.ContainsFunc(writes, simulated.drawn) || awaited.best != awaited.worst {
		return nil
	}
	best := newDraw(h, writes, atBest(h), 1, func(k call) bound { return k.best }, eachCall)
	worst := newDraw(h, writes, atWorst, 2, func(k call) bound { return k.worst }, eachCall)
	if best == nil || worst == nil {
		return nil
	}
	low, high := best.follow(awaited.best.took), worst.follow(awaited.worst.took)
	var ps []Possibility
	for _, o := range outcomes {
		l, h := low[o], high[o]
		if max(l.chance, h.chance) < negligible {
			continue
		}
		p := Possibility{Outcome: o, Certain: l.chance >= negligible, Seconds: between(l, h)}
		if alone {
			p.Chance = &Chance{share(min(l.chance, h.chance)), share(max(l.chance, h.chance))}
		}
		ps = append(ps, p)
	}
	return ps
}

// share is a chance to three digits after the point, or to the first that is not zero.
func share(c float64) float64 {
	for _, unit := range []float64{1e3, 1e4, 1e5} {
		if r := float64(int64(c*unit+0.5)) / unit; r > 0 {
			return min(r, 1)
		}
	}
	return 0
}

// between joins when something comes at both ends; nil where it comes at neither, or
// holds nothing up.
func between(a, b course) *Seconds {
	switch {
	case a.chance < negligible:
		a = b
	case b.chance < negligible:
		b = a
	}
	if a.til == 0 && b.til == 0 {
		return nil
	}
	s := seconds(hooksBeginMin+min(a.from, b.from), hooksBeginMax+max(a.til, b.til))
	return &s
}

// weigh makes the outcome of a hook of what may come of it.
func (h *Hook) weigh(of bootstrap.Hook, ps []Possibility) {
	if ps == nil {
		return
	}
	best, worst := ps[0], ps[len(ps)-1]
	h.Outcome, h.AtBest, h.AtWorst = worst.Outcome, "", ""
	h.Seconds = nil
	for _, p := range ps {
		if p.Seconds == nil {
			continue
		}
		if h.Seconds == nil {
			h.Seconds = &Seconds{p.Seconds.Min, p.Seconds.Max}
		}
		h.Seconds.Min, h.Seconds.Max = min(h.Seconds.Min, p.Seconds.Min), max(h.Seconds.Max, p.Seconds.Max)
	}
	if best.Outcome != worst.Outcome && (best.Outcome == Ready || worst.Outcome.Fails()) {
		h.Outcome, h.AtWorst = Unknown, worst.Outcome
	}
	h.Possible = ps
	h.Reason = reason(of, *h, ends{})
}

// Draws reports whether what becomes of h is known but for the draw of an endpoint.
func (h Hook) Draws() bool { return draws(h.Possible) }

// MayFail reports whether some starts fail for certain, by the draw of an endpoint.
func (h Hook) MayFail() bool {
	return slices.ContainsFunc(h.Possible, func(p Possibility) bool { return p.Certain && p.Outcome.Fails() })
}

func draws(ps []Possibility) bool {
	return ps != nil && !slices.ContainsFunc(ps, func(p Possibility) bool { return !p.Certain })
}

// possibilities are those of the replica: of its hooks, as far as none is certain to
// come out worse. Their chances add up where only one hook is drawn.
func possibilities(hooks []Hook) []Possibility {
	var drawn []Hook
	floor := 0
	for _, h := range hooks {
		switch {
		case len(h.Possible) > 1:
			drawn = append(drawn, h)
		case h.Outcome == Unknown:
			return nil
		default:
			floor = max(floor, slices.Index(outcomes, h.Outcome))
		}
	}
	if drawn == nil {
		return nil
	}
	for _, h := range drawn {
		floor = max(floor, slices.Index(outcomes, h.Possible[0].Outcome))
	}
	var ps []Possibility
	for _, h := range drawn {
		for _, p := range h.Possible {
			if slices.Index(outcomes, p.Outcome) < floor {
				p.Outcome = outcomes[floor]
			}
			if len(drawn) > 1 {
				p.Chance = nil
			}
			ps = addPossibility(ps, p)
		}
	}
	slices.SortFunc(ps, func(a, b Possibility) int {
		return cmp.Compare(slices.Index(outcomes, a.Outcome), slices.Index(outcomes, b.Outcome))
	})
	return ps
}

func addPossibility(ps []Possibility, p Possibility) []Possibility {
	p.Seconds = p.replicas()
	n := slices.IndexFunc(ps, func(o Possibility) bool { return o.Outcome == p.Outcome })
	if n < 0 {
		return append(ps, p)
	}
	o := &ps[n]
	o.Certain = o.Certain || p.Certain
	if o.Chance != nil && p.Chance != nil {
		o.Chance = &Chance{min(1, o.Chance.Min+p.Chance.Min), min(1, o.Chance.Max+p.Chance.Max)}
	}
	o.Seconds = &Seconds{min(o.Seconds.Min, p.Seconds.Min), max(o.Seconds.Max, p.Seconds.Max)}
	return ps
}

// replicas is when the replica is ready, or exits, where the hook's is that.
func (p Possibility) replicas() *Seconds {
	ready := Seconds{usualMin.Seconds(), usualMax.Seconds()}
	switch {
	case p.Outcome.Fails() && p.Seconds != nil:
		return &Seconds{p.Seconds.Min, p.Seconds.Max}
	case p.Seconds != nil:
		ready.Min = max(ready.Min, p.Seconds.Min+(usualMin-hooksBeginMin).Seconds())
		ready.Max = max(ready.Max, p.Seconds.Max+(usualMax-hooksBeginMax).Seconds())
	}
	return &ready
}
