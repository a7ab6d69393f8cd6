package render

import (
	"fmt"
	"strings"

	"github.com/gke-preflight/gke-preflight/preflight/forecast"
	"github.com/gke-preflight/gke-preflight/preflight/outage"
)

// A drawing is bars over one axis of time.
type drawing struct {
	Title string
	Ticks []tick
	Bars  []bar
}

// A tick is a mark on the axis, in percent of its length.
type tick struct {
	At     float64
	Label  string
	Anchor string
}

// A bar is something that lasts.
type bar struct {
	When, Text string
	Segments   []segment
	// Deadline is where the hook's deadline ends, in percent; zero for none that
	// the axis has room for.
	Deadline float64
}

// A segment is a part of a bar, in percent of the axis.
type segment struct {
	From, Length float64
	Class        string
}

// timeline draws what would follow, over the time from each event that others
// count from; where nothing does, the hooks that hold the new replica up.
func (d document) timeline() []drawing {
	hooks, _ := troubled(d.r.Forecast.ControlPlane)
	hooks = hooks[:min(len(hooks), 2*maxShown)]
	var all []drawing
	moments := grouped(d.r.Forecast.Timeline, func(m outage.Moment) string { return string(m.Since) })
	if len(moments) == 0 || moments[0][0].Since != outage.UpgradeBegins {
		all = append(all, draw("From the start of the new replica", nil, hooks, d.r.Forecast.ControlPlane.ReadyAfterSeconds))
		hooks = nil
	}
	for _, ms := range moments {
		all = append(all, draw(since(ms[0].Since), ms, hooks, nil))
		hooks = nil
	}
	var drawn []drawing
	for _, dr := range all {
		if dr.Bars != nil {
			drawn = append(drawn, dr)
		}
	}
	return drawn
}

// since names the events that others are counted from.
func since(e outage.Event) string {
	switch e {
	case outage.UpgradeBegins:
		return "From the beginning of the upgrade"
	case outage.APILost:
		return "From the loss of the API"
	case outage.HeartbeatsLost:
		return "From the loss of the heartbeats"
	case outage.ReplicaFails, outage.RenewalsFail, outage.NodesNotReady, outage.PodsEvicted, outage.RepairBegins, outage.NodesDeleted, outage.RepairRepeats:
	}
	return "From " + string(e)
}

// draw draws the first moment, the hooks, the other moments, and when the replica
// is ready, if it is held up and that is known.
func draw(title string, ms []outage.Moment, hooks []forecast.Hook, ready *forecast.Seconds) drawing {
	end := 0.0
	for _, h := range hooks {
		if h.Seconds != nil {
			end = max(end, h.Seconds.Max)
		}
	}
	for _, m := range ms {
		if s := m.AfterSeconds; s != nil {
			end = max(end, s.Min)
		}
	}
	if ready != nil && len(hooks) > 0 {
		end = max(end, ready.Max)
	}
	if end == 0 {
		return drawing{}
	}
	a := axis(end * 1.15)
	dr := drawing{Title: title, Ticks: a.ticks()}
	for n, m := range ms {
		dr.Bars = append(dr.Bars, a.moment(m))
		if n == 0 {
			dr.Bars = append(dr.Bars, a.hooks(hooks)...)
		}
	}
	if ms == nil {
		dr.Bars = a.hooks(hooks)
	}
	if ready != nil && len(hooks) > 0 {
		dr.Bars = append(dr.Bars, bar{When: "ready", Text: "after " + span(ready), Segments: a.from(ready.Min, &ready.Max, "good")})
	}
	return dr
}

func (a axis) moment(m outage.Moment) bar {
	b := bar{When: delay(m), Text: m.Text, Segments: []segment{{0, 100, "bad unsure"}}}
	if s := m.AfterSeconds; s != nil {
		class := "bad"
		if m.Event == outage.UpgradeBegins {
			class = "late"
		}
		b.Segments = a.from(s.Min, s.Max, class)
	}
	return b
}

func (a axis) hooks(hooks []forecast.Hook) []bar {
	var all []bar
	for _, h := range hooks {
		b := bar{When: string(h.Outcome), Text: h.Name, Segments: []segment{{0, 100, "late unsure"}}}
		class := "late"
		if h.Outcome.Fails() {
			class = "bad"
		}
		if h.Seconds != nil {
			b.Text += ", until " + span(h.Seconds)
			b.Segments = []segment{{0, a.at(h.Seconds.Min), class}, {a.at(h.Seconds.Min), a.between(h.Seconds.Min, h.Seconds.Max), class + " unsure"}}
		}
		if h.DeadlineSeconds > 0 && a.at(h.DeadlineSeconds) < 100 {
			b.Deadline = a.at(h.DeadlineSeconds)
			b.Text += fmt.Sprintf(", deadline %s"+nbsp+"s", number(h.DeadlineSeconds))
		}
		all = append(all, b)
	}
	return all
}

// An axis is a length of time in seconds.
type axis float64

// at is where a time stands, in percent with two decimals.
func (a axis) at(seconds float64) float64 {
	return float64(int(min(seconds/float64(a), 1)*10000)) / 100
}

func (a axis) between(from, to float64) float64 { return a.at(to - from) }

// from is what begins between least and most, and lasts.
func (a axis) from(least float64, most *float64, class string) []segment {
	begun := least
	if most != nil {
		begun = *most
	}
	return []segment{{a.at(least), a.between(least, begun), class + " unsure"}, {a.at(begun), a.between(begun, float64(a)), class}}
}

// ticks are at round times, and few enough for a phone.
func (a axis) ticks() []tick {
	var all []tick
	for _, step := range []float64{0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 900, 1200, 1800, 3600, 7200, 21600, 86400} {
		if float64(a)/step > 5 {
			continue
		}
		for t := 0.0; t <= float64(a); t += step {
			anchor := "middle"
			switch at := a.at(t); {
			case t == 0:
				anchor = "start"
			case at > 93:
				anchor = "end"
			}
			all = append(all, tick{a.at(t), a.label(t), anchor})
		}
		break
	}
	return all
}

func (a axis) label(t float64) string {
	switch {
	case t == 0:
		return "0"
	case a > 300:
		return number(t/60) + nbsp + "min"
	}
	return number(t) + nbsp + "s"
}

// stops are the commands to have at hand.
func (d document) stops() []advice {
	var all []advice
	for _, s := range d.r.Forecast.Stop {
		all = append(all, advice{Parts: []advicePart{{Text: atHand(s)}, {Text: s.Command, Code: true}}})
	}
	return all
}

// sources say where the times of the drawing come from.
func (d document) sources() []string {
	var all []string
	for _, m := range d.r.Forecast.Timeline {
		if m.Source != "" {
			all = append(all, delay(m)+": "+strings.TrimSuffix(m.Source, "."))
		}
	}
	return all
}
