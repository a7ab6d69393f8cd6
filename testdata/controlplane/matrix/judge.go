package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gke-preflight/gke-preflight/preflight/forecast"
)

// A Judgement is in which respects a forecast was right.
type Judgement struct {
	// Undecided says that the forecast was unknown: neither right nor wrong.
	Undecided bool
	Outcome   bool
	// Hook and Webhook say that those named are those that it came from.
	Hook, Webhook bool
	// Timed says that seconds were foretold and are what the outcome is about.
	Timed bool
	// Off is by which part of the nearer bound the measured time lies outside the
	// foretold range; zero inside.
	Off float64
	// Exact says that the range was of two ways, so that it must hold as it is.
	Exact bool
}

// within is by how much the seconds may be off, unless they are to be exact.
const within = 0.2

// Right reports whether it was right in every respect.
func (j Judgement) Right() bool {
	return !j.Undecided && j.Outcome && j.Hook && j.Webhook && j.InTime()
}

// InTime reports whether the seconds were right, as far as any were foretold.
func (j Judgement) InTime() bool { return j.Off == 0 || !j.Exact && j.Off <= within }

// String names what was wrong.
func (j Judgement) String() string {
	switch {
	case j.Undecided:
		return "undecided"
	case !j.Outcome:
		return "WRONG outcome"
	case !j.Hook:
		return "WRONG hook"
	case !j.Webhook:
		return "WRONG webhook"
	case !j.InTime():
		return fmt.Sprintf("seconds off by %.0f %%", 100*j.Off)
	}
	return "right"
}

func judge(f Foretold, h Happened) Judgement {
	j := Judgement{
		Undecided: f.Outcome == forecast.Unknown, Outcome: f.Outcome == h.Outcome || f.eitherWay(h),
		Hook: sameHooks(f, h), Webhook: sameWebhooks(f, h), Exact: f.AtBest != "" || f.Outcome != h.Outcome,
	}
	if s := f.Seconds; s != nil && j.Outcome {
		j.Timed = true
		switch {
		case h.Seconds < s.Min:
			j.Off = 1 - h.Seconds/s.Min
		case h.Seconds > s.Max:
			j.Off = h.Seconds/s.Max - 1
		}
	}
	return j
}

// eitherWay reports whether the outcome, though called otherwise, is one of the
// two ways that were foretold: late or as usual, and late or as usual while
// writes keep failing.
func (f Foretold) eitherWay(h Happened) bool {
	return f.AtBest != "" && f.AtBest == h.Outcome ||
		f.Outcome == forecast.Degraded && h.Outcome == forecast.Delayed && len(h.Failing) > 0
}

// sameHooks compares the hooks. Of several that were said to exit at about the
// same time one has; beside one that is late or red others may be red; and those
// that keep failing in the background, with their writes, must be all of them.
func sameHooks(f Foretold, h Happened) bool {
	switch h.Outcome {
	case forecast.CrashLoop:
		return holds(f.Hooks, h.Hooks)
	case forecast.Delayed, forecast.NeverReady:
		if f.Outcome == forecast.Degraded {
			return slices.ContainsFunc(h.Hooks, func(red string) bool { return slices.Contains(f.Hooks, red) }) && holds(f.Rejected, h.Failing)
		}
		return len(f.Hooks) > 0 && holds(h.Hooks, f.Hooks)
	case forecast.Degraded:
		return slices.Equal(slices.Sorted(slices.Values(f.Hooks)), h.Hooks) && holds(f.Rejected, h.Failing)
	case forecast.Ready, forecast.Unknown:
	}
	return len(f.Hooks) == 0 || f.AtBest == forecast.Ready
}

// sameWebhooks compares who is blamed: nobody but what was staged, and somebody
// whom the new replica's own log names, if it names anybody.
func sameWebhooks(f Foretold, h Happened) bool {
	if h.Outcome == forecast.Ready && f.AtBest == "" {
		return len(f.Webhooks) == 0
	}
	named := func(name string) bool { return len(h.Webhooks) == 0 || slices.Contains(h.Webhooks, name) }
	staged := func(name string) bool { return strings.HasPrefix(name, culprit) }
	return slices.ContainsFunc(f.Webhooks, named) && !slices.ContainsFunc(f.Webhooks, func(n string) bool { return !staged(n) })
}

func holds(all, part []string) bool {
	return !slices.ContainsFunc(part, func(s string) bool { return !slices.Contains(all, s) })
}
